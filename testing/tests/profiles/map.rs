//! Header maps and local responses, out of their phases.

use super::*;

/// What the headers of the request answer in the callback of the response's.
const LATE: [&str; 4] = ["pairs 0", "value 0 :path", "replace 0 x-a 1", "remove 0 x-a"];

fn late(profile: Profile) -> Vec<String> {
    let script: String = LATE.iter().map(|line| format!("response-headers {line}\n")).collect();
    answers_of(&exchange(profile, &script, Request::get("/")))
}

#[test]
fn a_map_of_another_phase_is_a_bad_argument_to_google_also_when_it_is_read_whole() {
    let refused = |call: &str| format!("proxy_{call}: bad argument");
    let changes = [refused("replace_header_map_value"), refused("remove_header_map_value")];
    let of_envoy = late(Profile::ENVOY);
    assert_eq!(of_envoy[0], "0 bytes: ");
    assert_eq!(of_envoy[2..], changes);
    let of_google = late(Profile::GOOGLE_SERVICE_EXTENSIONS);
    assert_eq!(of_google[..2], [refused("get_header_map_pairs"), refused("get_header_map_value")]);
    assert_eq!(of_google[2..], changes);
}

#[test]
fn in_the_callbacks_of_bodies_and_of_the_log_google_has_no_map() {
    let script = "request-headers pause\nlog value 0 :path\nlog value 2 :status";
    let answers = |profile| {
        let stream = host(profile, script).open(Request::get("/a"));
        stream.disconnect();
        answers_of(&stream.finish())
    };
    assert_eq!(answers(Profile::ENVOY), ["2 bytes: /a", "not found"]);
    let refused = "proxy_get_header_map_value: bad argument";
    assert_eq!(answers(Profile::GOOGLE_SERVICE_EXTENSIONS), [refused, refused]);
}

#[test]
fn where_google_takes_a_local_response() {
    for (callback, taken) in [
        ("request-headers", true),
        ("request-body", true),
        ("response-headers", true),
        ("response-body", false),
    ] {
        let script = format!("{callback} reply 418 -");
        let answer = |profile| answers_of(&exchange(profile, &script, full())).remove(0);
        assert_eq!(answer(Profile::ENVOY), "done");
        let expected = if taken { "done" } else { "proxy_send_local_response: bad argument" };
        assert_eq!(answer(Profile::GOOGLE_SERVICE_EXTENSIONS), expected, "{callback}");
    }
}
