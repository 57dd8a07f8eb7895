"""Everybody reads by which rules listings are judged, and what changed."""


def test_the_rule_sets_are_public_and_tell_what_changed(client):
    first, second, newest = client.get("/v1/rule-sets").get_json()["items"]
    assert [each["version"] for each in (first, second, newest)] == [1, 2, 3]
    assert [each["is_current"] for each in (first, second, newest)] == [False, False, True]
    assert client.get("/v1/rule-set").get_json()["hash"] == newest["hash"]
    path = f"/v1/rule-sets/{second['hash']}"
    assert client.get(path).get_json()["document"]["version"] == 2
    told = client.get(f"{path}/changes?since={first['hash']}").get_json()["items"]
    assert {"rule_id": "X2", "change": "added", "members": []} in told


def test_an_unknown_rule_set_is_not_found(client):
    unknown = "0" * 64
    answer = client.get(f"/v1/rule-sets/{unknown}")
    assert (answer.status_code, answer.get_json()["type"]) == (404, "/problems#rule-set-unknown")
    assert client.get(f"/v1/rule-sets/{unknown}/changes?since=short").status_code == 422
