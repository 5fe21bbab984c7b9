"""What administrators and members set, and the places where the bot is used."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from tests import factories
from tests.chat.house import House, open_house
from tests.chat.test_follow_ups import posted
from tests.chat.test_imagine import drawn
from tests.databases import until
from tests.discord_server.scenario import Discord, File, Message, Person, Result, ScenarioFailed, Server
from tests.journeys.test_results import imagined, reply


@pytest.fixture
async def boss(house: House, guild: Server) -> Person:
    """An administrator."""
    return await guild.member("boss", permissions=("manage_guild",))


async def told(result: Result) -> Message:
    return await result.until(reply)


async def test_a_members_own_defaults_stand_under_what_they_say(house: House, ana: Person, ben: Person) -> None:
    style = house.studio.styles[0]
    shown = await told(await ana.slash("settings", aspect="3:2", count=2, style=style, negative="dogs", steps=9))
    assert "3:2" in shown.text and style in shown.text and shown.ephemeral
    await imagined(ana, aspect="1:1")
    recipe = house.painter.drawn[-1].recipe
    assert (recipe.count, recipe.steps, recipe.width) == (2, 9, recipe.height) and recipe.styles[0][0] == style
    await imagined(ben)
    assert house.painter.drawn[-1].recipe.count == 4
    await told(await ana.slash("settings", reset=True))
    await imagined(ana)
    assert house.painter.drawn[-1].recipe.count == 4
    wrong = await told(await ana.slash("settings", model="no-such-model"))
    assert "no-such-model" in wrong.text


async def test_everything_is_said_in_the_members_language(house: House, guild: Server, ana: Person) -> None:
    berta = await guild.member("berta", locale="de")
    house.painter.held.clear()
    result = await berta.slash("imagine", prompt="ein Fuchs")
    placeholder = await result.until(lambda one: one.attachments)
    assert "In Arbeit" in placeholder.text and [one.label for one in placeholder.buttons] == ["Abbrechen"]
    house.painter.held.set()
    message = await result.until(drawn)
    assert "Schritte" in message.content and str(message.alt_texts[0]).startswith("Ein Raster aus 4 Bildern")
    form = await berta.click(message, "✏️")
    assert form.modal and "Was gezeichnet wird" in str(form.modal)
    refused = await told(await berta.slash("imagine", prompt="x --steps 9000"))
    assert "zwischen" in refused.text and "between" not in refused.text
    await told(await ana.slash("settings", language="fr"))
    assert "Tes réglages" in (await told(await ana.slash("settings"))).text
    await ana.react(message, "🎲")
    again = await guild.until(lambda one: drawn(one) and one.reply_to == message.id)
    assert "étapes" in again.content


async def test_only_administrators_change_a_servers_rules(house: House, ana: Person, boss: Person) -> None:
    with pytest.raises(ScenarioFailed, match="may not use"):
        await ana.slash("server nsfw", policy="allow")
    await told(await boss.slash("server limits", count=2, steps=20))
    await told(await boss.slash("server defaults", aspect="2:3", negative="dogs"))
    await imagined(ana)
    recipe = house.painter.drawn[-1].recipe
    assert (recipe.count, recipe.steps, recipe.negative_prompt) == (2, 20, "dogs") and recipe.height > recipe.width
    refused = await told(await ana.slash("imagine", prompt="a fox", count=4))
    assert "between 1 and 2" in refused.text
    await told(await boss.slash("server limits", count=0, steps=0))
    await imagined(ana, count=4)
    shown = await told(await boss.slash("server show"))
    assert "2:3" in shown.text and "max_count" not in shown.text


async def test_models_styles_channels_and_roles_are_restricted(
    house: House, ana: Person, boss: Person, guild: Server
) -> None:
    first, second = house.studio.styles[:2]
    await told(await boss.slash("server styles", names=first))
    assert second in (await told(await ana.slash("imagine", prompt="a fox", style=second))).text
    assert first in (await told(await ana.slash("styles"))).text
    await told(await boss.slash("server styles", names="all"))
    side = await guild.channel("side")
    await told(await boss.slash("server channels", channel=side, use="closed"))
    assert "not made in this channel" in (await told(await ana.at(side).slash("imagine", prompt="a fox"))).text
    thread = await side.thread("in it")
    assert "not made in this channel" in (await told(await ana.at(thread).slash("imagine", prompt="a fox"))).text
    await told(await boss.slash("server channels", channel=side, use="default"))
    await imagined(ana.at(side))
    unknown = await told(await boss.slash("server models", names="no-such-model"))
    assert "no-such-model" in unknown.text


async def test_roles_weigh_moderate_and_may_use(house: House, ana: Person, ben: Person, boss: Person,
                                                guild: Server) -> None:  # fmt: skip
    role = await guild.role("patrons", ben)
    await house.store.change_preferences(
        f"guild:{guild.guild_id}", {"roles": [role], "moderators": [role], "weights": {role: 4.0}}
    )
    assert "certain roles" in (await told(await ana.slash("imagine", prompt="a fox"))).text
    message = await imagined(ben)
    assert house.painter.drawn[-1].weight == 4.0
    quota = await told(await ben.slash("quota"))
    assert "4" in quota.text and "unlimited" in quota.text
    await house.store.change_preferences(f"guild:{guild.guild_id}", {"roles": None})
    other = await imagined(ana)
    await ben.react(other, "❌")
    await other.until(lambda one: one.deleted)
    await ana.click(message, "❌")
    assert not (await message.refresh()).deleted


async def test_blocked_words_are_refused_at_once_by_name_also_in_follow_ups(
    house: House, ana: Person, boss: Person, guild: Server
) -> None:
    message = await imagined(ana, prompt="a purple mushroom")
    await told(await boss.slash("server blocked", add="mushroom*, dead end"))
    for prompt in ("two mushrooms", "M.U.S.H.R.O.O.M", "a dead   end", "ｍｕｓｈｒｏｏｍ"):
        refused = await told(await ana.slash("imagine", prompt=prompt))
        assert "not drawn here" in refused.text, prompt
    card = await (await ana.click(message, "V1")).until(lambda one: one.embeds)
    assert "mushroom" in card.text
    assert len(house.painter.drawn) == 1
    await told(await boss.slash("server blocked", remove="mushroom*"))
    await imagined(ana, prompt="two mushrooms")


async def test_themes_for_adults_stay_in_age_restricted_channels_behind_spoilers(
    house: House, ana: Person, ben: Person, boss: Person, guild: Server
) -> None:
    assert "for adults" in (await told(await ana.slash("imagine", prompt="a nude in oil"))).text
    cellar = await guild.channel("cellar", nsfw=True)
    message = await imagined(ana.at(cellar), prompt="a nude in oil", count=1)
    assert message.attachments[0]["filename"].startswith("SPOILER_")
    [picture] = await house.store.pictures()
    for person in (ana, ben):
        refused = await told(await person.slash("show", picture=picture.id))
        assert "made elsewhere" in refused.text
    await (await ben.at(cellar).click(message, "Vary subtly")).until(drawn)
    await told(await boss.slash("server nsfw", policy="allow"))
    plain = await imagined(ana.at(cellar), prompt="a nude in oil", count=1)
    assert not plain.attachments[0]["filename"].startswith("SPOILER_")
    await told(await boss.slash("server nsfw", policy="refuse"))
    assert "on this server" in (await told(await ana.at(cellar).slash("imagine", prompt="a nude in oil"))).text


async def test_whatever_shows_a_hidden_picture_again_hides_it_too(
    house: House, ana: Person, boss: Person, guild: Server
) -> None:
    cellar = await guild.channel("cellar", nsfw=True)
    await imagined(ana.at(cellar), prompt="a nude in oil", count=2)
    adult = (await house.store.pictures())[0].id
    await imagined(ana, prompt="a fox", count=2)
    tame = (await house.store.pictures())[0].id
    shows = {"show": {}, "lineage": {}, "vote": {"minutes": 5, "quorum": 1}}

    async def hidden(person: Person, command: str, picture: str, **options: object) -> bool:
        shown = await (await person.slash(command, picture=picture, **options)).until(lambda one: one.attachments)
        return str(shown.attachments[0]["filename"]).startswith("SPOILER_")

    for command, options in shows.items():
        assert await hidden(ana.at(cellar), command, adult, **options), command
        assert not await hidden(ana, command, tame, **options), command
    await told(await ana.slash("settings", spoiler=True))
    for command, options in shows.items():
        assert await hidden(ana, command, tame, **options), command
    await told(await ana.slash("settings", spoiler=False))
    await told(await boss.slash("server nsfw", policy="allow"))
    for command, options in shows.items():
        assert not await hidden(ana.at(cellar), command, adult, **options), command


async def test_a_private_channels_pictures_stay_there(house: House, ana: Person, ben: Person, guild: Server,
                                                      discord: Discord) -> None:  # fmt: skip
    hidden = await guild.channel("hidden")
    await discord.do("set_permission", permission="view_channel", allow=False, channel=hidden.id, user=guild.guild_id)
    for one in (ana.id, ben.id, discord.bot_id):
        await discord.do("set_permission", permission="view_channel", allow=True, channel=hidden.id, user=one)
    message = await imagined(ana.at(hidden), count=1)
    [picture] = await house.store.pictures()
    assert picture.private
    assert "made elsewhere" in (await told(await ben.slash("show", picture=picture.id))).text
    await (await ben.at(hidden).click(message, "Vary subtly")).until(drawn)
    await (await ana.slash("show", picture=picture.id)).until(lambda one: one.attachments)


async def test_direct_messages_never_leak(house: House, ana: Person, ben: Person) -> None:
    await imagined(await ana.in_dm(), count=1)
    [picture] = await house.store.pictures()
    for place in (ben, await ben.in_dm()):
        assert "made elsewhere" in (await told(await place.slash("show", picture=picture.id))).text
        assert "made elsewhere" in (await told(await place.slash("lineage", picture=picture.id))).text


async def test_it_works_where_only_a_member_installed_it(house: House, discord: Discord) -> None:
    far = await discord.guild("Far away", has_bot=False)
    cleo = await far.member("cleo")
    message = await imagined(cleo)
    await (await cleo.click(message, "V2")).until(drawn)
    shown = await (await cleo.click(message, "ℹ️")).until(lambda one: one.text)
    assert shown.ephemeral
    house.painter.held.clear()
    late = await cleo.slash("imagine", prompt="a late one")
    await late.until(lambda one: one.attachments)
    await discord.expire_tokens()
    house.painter.held.set()
    await (await cleo.dm()).until(drawn)


async def test_budgets_are_told_before_they_are_exceeded(house: House, ana: Person, boss: Person) -> None:
    await told(await boss.slash("server limits", waiting=1))
    house.painter.held.clear()
    first = await ana.slash("imagine", prompt="a fox")
    await first.until(lambda one: one.attachments)
    card = await (await ana.slash("imagine", prompt="a wolf")).until(lambda one: one.embeds)
    assert "1 is the most" in card.text and not card.buttons
    house.painter.held.set()
    await first.until(drawn)
    await told(await boss.slash("server limits", waiting=0, seconds=1))
    card = await (await ana.slash("imagine", prompt="a wolf")).until(lambda one: one.embeds)
    assert "for today" in card.text


async def test_the_queue_shows_ones_own_and_cancels_only_ones_own(discord: Discord, guild: Server,
                                                                  tmp_path: Path) -> None:  # fmt: skip
    async with open_house(discord, tmp_path, in_flight=1) as house:
        ana, ben = await guild.member("ana"), await guild.member("ben")
        house.painter.held.clear()
        running = await ben.slash("imagine", prompt="a cat")
        await running.until(lambda one: one.attachments)
        mine = [await ana.slash("imagine", prompt=f"fox {number}") for number in range(3)]
        for one in mine:
            await one.until(lambda message: "Place" in message.text)
        shown = await told(await ana.slash("queue"))
        assert "fox 0" in shown.text and "cat" not in shown.text and len(shown.buttons) == 3
        await ana.click(shown, "❌ Cancel 1")
        await mine[2].until(lambda message: "Cancelled" in message.text)
        offered = await ana.autocomplete("cancel", "request", "fox")
        assert len(offered) == 2
        done = await told(await ana.slash("cancel", everything=True))
        assert "2" in done.text
        for one in mine[:2]:
            await one.until(lambda message: "Cancelled" in message.text)
        nothing = await told(await ana.slash("cancel"))
        assert "nothing waiting" in nothing.text
        house.painter.held.set()
        await running.until(drawn)


async def test_a_vote_is_won_and_goes_on_after_a_restart(house: House, ana: Person, ben: Person, guild: Server) -> None:
    await imagined(ana)
    opened = await ana.slash("vote", quorum=2, minutes=60)
    ballot = await opened.until(lambda one: len(one.buttons) == 5)
    assert ballot.alt_texts[0] and "needed: 2" in ballot.text
    await ana.click(ballot, "1 · 0")
    ballot = await ballot.until(lambda one: "Voted: 1" in one.text)
    await ana.click(ballot, "3 · 0")
    await ballot.until(lambda one: "Voted: 1" in one.text and any(button.label == "3 · 1" for button in one.buttons))
    await house.restart()
    await house.chat_is_back(2)
    await ben.click(await ballot.refresh(), "3 · 1")
    ballot = await ballot.until(lambda one: "Voted: 2" in one.text)
    refused = await (await ben.click(ballot, "🏁 End the vote")).until(lambda one: one.ephemeral)
    assert "moderator" in refused.text
    await ana.click(ballot, "🏁 End the vote")
    closed = await ballot.until(lambda one: "has won" in one.text)
    assert "Picture 3" in closed.text and not closed.buttons
    await guild.until(lambda one: drawn(one) and any(button.label == "Upscale 2×" for button in one.buttons))
    third = (await house.store.pictures(job=house.painter.drawn[0].id))[2]
    assert house.painter.drawn[-1].recipe.sources == (third.id,) and house.painter.drawn[-1].recipe.kind == "upscale"
    late = await ben.click(closed, f"px1:ballot:{(await _vote_id(ballot))}:1", unseen=True)
    assert "over" in (await late.until(lambda one: one.ephemeral)).text


async def _vote_id(message: Message) -> str:
    return next(button.custom_id.split(":")[2] for button in message.buttons)


async def test_a_vote_without_a_quorum_ends_in_words_when_its_time_is_up(house: House, ana: Person) -> None:
    await imagined(ana)
    opened = await ana.slash("vote", quorum=5, minutes=0.1)
    ended = await opened.until(lambda one: "Nothing goes on" in one.text)
    assert not ended.buttons
    await house.delivered()
    assert len(house.painter.drawn) == 1


async def test_the_starboard_shows_yesterdays_favourites_once(house: House, ana: Person, ben: Person, boss: Person,
                                                              guild: Server) -> None:  # fmt: skip
    hall = await guild.channel("hall")
    await told(await boss.slash("server starboard", channel=hall, stars=2))
    message = await imagined(ana, count=1)
    [picture] = await house.store.pictures()
    for person in (ana, ben):
        await person.react(message, "⭐")
        await until(lambda one=person: house.store.favourites(f"discord:{one.id}", 1))  # type: ignore[misc]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await house.chat.starboard.post_what_is_due(tomorrow) == 1
    await house.chat.starboard.post_what_is_due(tomorrow)
    [shown] = await hall.from_bot()
    assert "⭐ 2" in shown.text and picture.id[-10:] in shown.text and not shown.pings
    await (await ben.at(hall).click(shown, "Vary subtly")).until(drawn)


async def test_menus_work_on_anybodys_pictures(house: House, ana: Person, ben: Person, guild: Server) -> None:
    said = await ben.say("look", File("cat.png", factories.png("green", (100, 80))))
    await (await ana.context(said, "Upscale")).until(drawn)
    recipe = house.painter.drawn[-1].recipe
    assert recipe.kind == "upscale" and recipe.width > recipe.height
    form = await ana.context(said, "Remix")
    sent = await ana.submit(form, prompt="a dog instead")
    await sent.until(drawn)
    recipe = house.painter.drawn[-1].recipe
    assert recipe.kind == "img2img" and "a dog instead" in recipe.prompt
    assert recipe.width > recipe.height, "a form that says nothing of the aspect leaves the picture its own"
    words = await ben.say("no picture here")
    assert "in this message" in (await (await ana.context(words, "Upscale")).until(lambda one: one.embeds)).text
    form = await ana.context(said, "Inpaint")
    painted = Image.new("RGB", (100, 80), "green")
    painted.paste((255, 0, 255), (0, 0, 30, 30))
    held = io.BytesIO()
    painted.save(held, "PNG")
    shown = await (await ana.submit(form, prompt="a hat", mask=File("m.png", held.getvalue()))).until(
        lambda one: one.attachments
    )
    await (await ana.click(shown, "Draw it")).until(drawn)
    assert house.painter.drawn[-1].recipe.kind == "inpaint"


async def test_a_form_that_comes_back_before_its_picture_was_noted_waits_for_the_note(
    house: House, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await ana.say("look", File("cat.png", factories.png("green", (100, 80))))
    free, set_flag = asyncio.Event(), house.store.set_flag

    async def slow(name: str, value: str | None, by: str | None = None) -> None:
        await free.wait()
        await set_flag(name, value, by)

    monkeypatch.setattr(house.store, "set_flag", slow)
    sent = await ana.submit(await ana.context(said, "Remix"), prompt="a dog instead")
    await asyncio.sleep(0.2)  # time enough to look for it too early
    free.set()
    await sent.until(drawn)
    assert house.painter.drawn[-1].recipe.kind == "img2img"


async def test_a_dropped_in_png_tells_its_recipe_and_our_own_messages_theirs(
    house: House, ana: Person, ben: Person
) -> None:
    message = await imagined(ana, prompt="a lighthouse", count=1)
    [png] = await message.files()
    dropped = await ben.say("found this", File("found.png", png))
    found = await (await ben.context(dropped, "Show recipe")).until(lambda one: one.text)
    assert "a lighthouse" in found.text and found.ephemeral
    own = await (await ben.context(message, "Show recipe")).until(lambda one: one.text)
    assert "a lighthouse" in own.text
    form = await ben.context(message, "Remix")
    assert "a lighthouse" in str(form.modal)


async def test_every_kind_of_drawing_has_a_command_that_asks_for_it(house: House, ana: Person) -> None:
    await imagined(ana, count=1, prompt="a fox")
    await imagined(ana, count=1, prompt="a wolf")
    one, other = [picture.id for picture in await house.store.pictures()]
    file = File("a.png", factories.png("blue", (64, 64)))
    for command, options, kind in (
        ("transform", {"prompt": "a cat", "image": file}, "img2img"),
        ("transform", {"prompt": "a cat", "mode": "edges", "picture": one}, "control"),
        ("transform", {"prompt": "a cat", "mode": "sweep", "picture": one, "strengths": "0.2, 0.7"}, "sweep"),
        ("edit", {"instruction": "make it winter", "picture": one}, "edit"),
        ("outpaint", {"direction": "left", "picture": one}, "outpaint"),
        ("upscale", {"scale": 4, "method": "creative", "picture": one}, "upscale"),
        ("blend", {"picture1": one, "picture2": other, "weights": "1, 2"}, "blend"),
        ("interpolate", {"picture1": one, "picture2": other, "frames": 8}, "interpolate"),
        ("making-of", {"picture": one}, "making_of"),
        ("inpaint", {"prompt": "a hat", "region": "the head", "picture": one}, "edit"),  # no segmenter finds the head
        ("remix", {"picture": one, "prompt": "a bear"}, "text2img"),
    ):
        result = await ana.slash(command, **options)  # type: ignore[arg-type]
        await result.until(lambda message: message.attachments and message.buttons)
        await house.delivered()
        assert house.painter.drawn[-1].recipe.kind == kind, command
    for command, options, named in (
        ("blend", {"picture1": one}, "at least two"),
        ("blend", {"picture1": one, "picture2": other, "weights": "much"}, "numbers with commas"),
        ("transform", {"prompt": "a cat"}, "Name a picture"),
    ):
        assert named in (await told(await ana.slash(command, **options))).text  # type: ignore[arg-type]
    form = await ana.slash("remix", picture=other)
    assert form.modal is not None


async def test_help_about_models_and_styles_are_for_the_asking_member_alone(house: House, ana: Person) -> None:
    for command, named in (("help", "/imagine"), ("about", "pixxelbot"), ("models", "bundled"), ("styles", "styles")):
        shown = await told(await ana.slash(command))
        assert named in shown.text and shown.ephemeral, command
    samplers = await ana.autocomplete("imagine", "sampler", "dpm", prompt="x")
    assert any("DPM++" in one["name"] for one in samplers)
    await imagined(ana)
    offered = await ana.autocomplete("show", "picture", "fox")
    assert len(offered) == 4 and "a fox" in offered[0]["name"]


async def test_two_shards_serve_two_servers(discord: Discord, tmp_path: Path) -> None:
    await discord.set_limits(recommended_shards=2)
    servers = [await discord.guild(f"Server {number}") for number in range(4)]
    async with open_house(discord, tmp_path) as house:
        await discord.bot_ready(shards=2)
        for number, server in enumerate(servers):
            person = await server.member(f"member{number}")
            message = await imagined(person)
            await person.react(message, "🔁")
            await posted(server, 2)
        assert len(house.painter.drawn) == 8


async def test_rules_set_at_the_same_time_all_stand(house: House, guild: Server, boss: Person) -> None:
    roles = [await guild.role(name) for name in ("one", "two", "three", "four")]
    await asyncio.gather(*(boss.slash("server roles", role=role, weight=2.0) for role in roles))

    async def all_there() -> bool:
        stored = await house.store.preferences_of(f"guild:{guild.guild_id}")
        return len(stored.get(f"guild:{guild.guild_id}", {}).get("weights", {})) == 4

    await until(all_there)
