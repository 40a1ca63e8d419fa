"""Ways that an independent set of places brought up, each with a harmless twin beside it."""

from __future__ import annotations

import json
import random

import pytest

from jupyter_mlsec.core.formats import sample
from tests.rules.secrets.test_ways import SCANNER, SEEDS, Way, alarms, found

W = Way
WAYS = (
    W("tuple-pw", "cell", 'user, pw = "analyst", "@pw@"', 'user, pw = "analyst", getpass("pw1")'),
    W("selenium", "cell", 'd.find_element(By.ID, "password").send_keys("@pw@")',
      'd.find_element(By.ID, "search").send_keys("berlin 2024!")'),
    W("selenium-variable", "cell",
      'pwd_field = d.find_element("id", "x")\npwd_field.send_keys("@pw@")',
      'pwd_field = d.find_element("id", "x")\npwd_field.send_keys(pwd)'),
    W("playwright", "cell", 'page.fill("input[name=password]", "@pw@")',
      'page.fill("input[name=city]", "berlin 2024!")'),
    W("zip-setpassword", "cell", 'z.setpassword(b"@pw@")', 'z.setpassword(pw.encode("utf-8"))'),
    W("option-list", "cell", 'subprocess.run(["load", "--user", "svc", "--password", "@pw@"])',
      'subprocess.run(["load", "--user", "svc", "--password-file", "pw-1.txt"])'),
    W("f-string-host", "cell", 'e = create_engine(f"mysql+pymysql://svc:@pw@@{host}:3306/{db}")',
      'e = create_engine(f"mysql+pymysql://svc:secret@{host}:3306/{db}")'),
    W("mc-alias", "cell", "!mc alias set lake https://minio.acme.io svc '@pw@'",
      "!mc alias set lake https://minio.acme.io $USER $PASSWORD"),
    W("set-token", "cell", 'px.set_mapbox_access_token("@key@")',
      'px.set_mapbox_access_token(open(".mapbox_token1").read())'),
    W("set-password", "cell", 'user.set_password("@pw@")', 'user.set_password(form["password1"])'),
    W("news-api", "cell", 'n = NewsApiClient("@hex@")', 'n = NewsApiClient("http://localhost:80801/v2")'),
    W("fred", "cell", 'f = Fred("@hex@")', 'f = Fred(os.environ["FRED_KEY_2024"])'),
    W("open-weather", "cell", 'requests.get(url, params={"q": "Oslo", "appid": "@hex@"})',
      'requests.get(url, params={"q": "Oslo", "appid": "wx2024"})'),
    W("open-weather-url", "cell", 'u = "https://api.openweathermap.org/data/2.5/weather?q=Oslo&appid=@hex@"',
      'u = "https://api.openweathermap.org/data/2.5/weather?q=Oslo&appid={appid1}"'),
    W("speech", "cell", 'c = SpeechConfig(subscription="@hex@", region="westeurope")',
      'c = Workspace(subscription="@hex@", region="westeurope")'),
    W("telegram", "cell", 'c = TelegramClient("anon", 12345, "@hex@")',
      'c = TelegramClient("anon", api_id, api_hash2)'),
    W("chosen-secret", "cell", 'os.environ.setdefault("ACME_SECRET", "@chosen@")',
      'os.environ.setdefault("ACME_SECRET_NAME", "prod/db1")'),
    W("letters-only", "json", '{"user": "svc", "password": "@letters@"}',
      '{"user": "svc", "password": "mustChangeAtNextLogin"}'),
    W("weak-words", "cell", 'user_passwords = ["@pw@", "@pw@"]',
      'common_passwords = ["@pw@", "@pw@"]\nwrong_password = "@pw@"'),
    W("cache", "cell", 'access_token = "@hex@"', 'cache_token = "@hex@"'),
    W("masked", "cell", "!wget --user=anna --password=@pw@ https://acme.io/f",
      "!wget --user=anna --password=lsv2_**** https://acme.io/f"),
)  # fmt: skip

by_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.id)


@by_way
def test_found(way: Way) -> None:
    assert found(way) == len(SEEDS), f"{way.id} is missed"


@by_way
def test_its_twin_is_harmless(way: Way) -> None:
    assert alarms(way) == 0, f"the twin of {way.id} is a false alarm"


@pytest.mark.parametrize(
    ("cells", "count"),
    [
        ("a = '@1@'\x00login(a + '@2@')", 1),
        ("a = '@1@'\nb = '@2@'\x00login(f'{a}{b}')", 1),
        ("a = '@1@'\x00print(a + 'x')", 0),
        ("a = '@1@'\x00a = other\x00login(a + '@2@')", 0),
        ("a = '@1@'\x00print('@2@')", 0),
    ],
)
def test_a_token_that_another_cell_puts_together(cells: str, count: int) -> None:
    token = sample("hf_{an:34}", random.Random(count))
    filled = cells.replace("@1@", token[:14]).replace("@2@", token[14:])
    sources = [{"cell_type": "code", "source": cell} for cell in filled.split("\x00")]
    data = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": sources})
    result = SCANNER.scan_bytes(data.encode(), "a.ipynb", "notebook")
    assert [finding.rule for finding in result.findings] == ["provider-token"] * count
