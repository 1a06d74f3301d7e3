//! The route that a request takes, and what the extension knows of it.

use super::*;

#[test]
fn a_change_of_a_header_changes_the_route() {
    let asked = "property xds.route_name";
    let changes = [
        ("added", "add 0 x-team chat"),
        ("replaced", "replace 0 x-team chat"),
        ("removed", "remove 0 x-team"),
        ("replaced by another", "replace 0 x-team sales"),
    ];
    let at_headers = |(what, change): (&str, &str)| {
        let script = format!(
            "request-headers {asked}\nrequest-headers {change}\nrequest-headers {asked}\n\
             request-body {asked}\nresponse-headers {asked}\nlog {asked}"
        );
        scenario(format!("a route whose header is {what}"), &script)
    };
    let outside = |(what, change): (&str, &str)| {
        let script = format!(
            "request-headers timer 150\nrequest-headers pause\ntimer {asked}\ntimer {change}\n\
             timer {asked}\nresponse-headers {asked}\nlog {asked}"
        );
        scenario(format!("a route whose header is {what} from outside"), &script)
    };
    let all = changes.map(at_headers).into_iter().chain(changes.map(outside));
    compare(all.map(|scenario| {
        scenario
            .route("chat", "x-team", "chat")
            .request(full().header("x-team", "chat"))
            .request(full().header("x-team", "sales"))
            .request(full())
    }));
}

#[test]
fn a_route_has_a_name_while_its_request_is_under_way() {
    let script = "request-headers property xds.route_name\nresponse-headers property xds.route_name\n\
        log property xds.route_name\n";
    let scenario = scenario("the name of a route", script).route("chat", "x-team", "chat");
    compare([scenario.request(full().header("x-team", "chat")).request(full())]);
}
