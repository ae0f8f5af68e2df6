"""The packaged GitHub connector against a server that answers as GitHub does: what it got, and what the tables hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.workbench import Workbench
from tests.servers.github_server import TOKEN, GithubServer, at
from tests.servers.vendor import serving


@pytest.fixture
def github() -> Iterator[GithubServer]:
    server = GithubServer(250)
    with serving(server):
        yield server


@pytest.fixture
def added(bench: Workbench, github: GithubServer) -> Workbench:
    bench.install("github", "{api_url}")
    bench.succeed("add", "github", "--access-token", TOKEN, "--api-url", github.url)
    return bench


def test_add_proves_token_and_repositories_with_one_request(added: Workbench, github: GithubServer) -> None:
    [request] = github.requests
    assert (request.path, request.query) == ("/user/repos", (("per_page", "1"),))
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["accept"] == "application/vnd.github+json"
    assert request.headers["x-github-api-version"] == "2022-11-28"


def test_a_wrong_token_and_a_wrong_repository_add_nothing(bench: Workbench, github: GithubServer) -> None:
    bench.install("github", "{api_url}")
    assert bench.run("add", "github", "--access-token", "ghp_no", "--api-url", github.url).code == 1
    missing = ("--access-token", TOKEN, "--api-url", github.url, "--repositories", "repos/acme/nothing")
    assert bench.run("add", "github", *missing).code == 1
    assert bench.succeed("connectors")["connectors"] == []


def test_a_sync_brings_all_repositories_with_what_is_in_them(added: Workbench, github: GithubServer) -> None:
    report = added.succeed("sync", "github")
    totals = {table["name"]: table["total_rows"] for table in report["connectors"][0]["tables"]}
    assert totals == {
        "repositories": 3,
        "issues": 250,
        "issue_comments": 125,
        "pulls": 50,
        "commits": 125,
        "releases": 3,
    }
    pages = [(r.get("page"), r.get("per_page"), r.get("state")) for r in github.asked("/acme/web/issues")]
    assert pages == [("", "100", "all"), ("2", "100", "all"), ("3", "100", "all")]
    sql = "SELECT DISTINCT _repositories_full_name AS name FROM github.issues"
    assert added.rows(sql) == [{"name": "acme/web"}]
    assert added.value("SELECT count(*) FROM github.issues WHERE pull_request IS NULL") == 200
    sql = "SELECT commit__author__email AS mail, user__login AS login FROM github.commits, github.issues LIMIT 1"
    assert added.rows(sql)[0]["mail"] == "ada@example.com"


def test_the_next_sync_asks_for_what_was_updated_since(added: Workbench, github: GithubServer) -> None:
    added.succeed("sync", "github", "--resources", "repositories,issues")
    github.issues[4] |= {"title": "Renamed", "updated_at": at(1000)}
    github.requests.clear()
    added.succeed("sync", "github", "--resources", "repositories,issues")
    [request] = github.asked("/acme/web/issues")
    assert request.get("since") == at(250 - 10)
    assert added.rows("SELECT title FROM github.issues WHERE number = 5") == [{"title": "Renamed"}]
    assert added.value("SELECT count(*) FROM github.issues") == 250


def test_a_repository_that_comes_later_brings_its_old_issues(added: Workbench, github: GithubServer) -> None:
    added.succeed("sync", "github", "--resources", "repositories,issues")
    github.others["legacy"] = [issue | {"id": issue["id"] + 90_000} for issue in github.issues[:3]]
    added.succeed("sync", "github", "--resources", "repositories,issues")
    sql = "SELECT count(*) FROM github.issues WHERE _repositories_full_name = 'acme/legacy'"
    assert added.value(sql) == 3


def test_commits_of_the_last_90_days_are_read_again(added: Workbench, github: GithubServer) -> None:
    added.succeed("sync", "github", "--resources", "repositories,commits")
    github.requests.clear()
    report = added.succeed("sync", "github", "--resources", "repositories,commits")
    assert github.asked("/acme/web/commits")[0].get("since") == at(125 - 90 * 24 * 60)
    assert {table["status"] for table in report["connectors"][0]["tables"]} == {"unchanged"}


def test_one_repository_can_be_all(bench: Workbench, github: GithubServer) -> None:
    bench.install("github", "{api_url}")
    bench.succeed("add", "github", "--access-token", TOKEN, "--api-url", github.url, "--repositories", "repos/acme/web")
    bench.succeed("sync", "github", "--resources", "repositories,releases")
    assert bench.rows("SELECT full_name FROM github.repositories") == [{"full_name": "acme/web"}]
    assert bench.value("SELECT count(*) FROM github.releases") == 3


def test_reviews_are_found_below_the_address_of_their_pull_request(added: Workbench, github: GithubServer) -> None:
    added.succeed("sync", "github", "--resources", "repositories,pulls,reviews")
    assert len([r for r in github.requests if r.path.endswith("/reviews")]) == 50
    sql = "SELECT count(*) FROM github.reviews JOIN github.pulls ON reviews._pulls_url = pulls.url"
    assert added.value(sql) == 50


def test_a_used_up_limit_is_waited_for(added: Workbench, github: GithubServer) -> None:
    github.remaining, github.reset_in = 3, 1
    added.succeed("sync", "github", "--resources", "repositories,issues")
    assert added.value("SELECT count(*) FROM github.issues") == 250


def test_other_refusals_end_the_table_and_say_why(added: Workbench, github: GithubServer) -> None:
    github.fail("/pulls", 403, times=9, body={"message": "Resource not accessible by personal access token"})
    done = added.run("sync", "github", "--resources", "repositories,pulls,releases")
    tables = {table["name"]: table for table in done.json["connectors"][0]["tables"]}
    assert done.code == 1
    assert (tables["pulls"]["status"], tables["releases"]["status"]) == ("error", "success")
    assert "not accessible by personal access token" in str(tables["pulls"]["error"])
