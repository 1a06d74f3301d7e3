//! What is too late, or too early: maps and buffers in the callbacks where they are not.

use super::*;
use std::time::Duration;
use waxwing_testing::Answer;

/// Each change of a map, in each callback.
#[test]
fn each_map_is_changed_in_each_callback() {
    for map in 0..4 {
        let script = format!(
            "* value {map} x-a\n* replace {map} x-late 1\n* remove {map} x-a\n* set {map} x-late 2\n* value {map} x-late\n"
        );
        // The request needs its pseudo-headers, which setting takes away, and so does the response.
        let script =
            script.replace("* set 0", "request-body set 0").replace("* set 2", "response-body set 2");
        compare([scenario(format!("the map {map} is changed in each callback"), &script)
            .request(full())
            .request(without_body())]);
    }
}

/// Once a message has gone on, its headers are out of reach, also for what comes from outside.
#[test]
fn what_has_gone_is_out_of_reach_from_outside() {
    let ask = "call-response value 0 :path\ncall-response add 0 x-late 1\ncall-response value 2 :status\n\
               call-response add 2 x-late 1\ncall-response bytes 0 0 9\ncall-response bytes 1 0 9\n\
               call-response set-bytes 0 0 9 late\ncall-response set-bytes 1 0 9 late\n\
               call-response count 1\ncall-response count 3\n";
    for callback in WAY {
        let script = format!("{callback} call authz GET / 1000\n{callback} pause\n{ask}");
        compare([scenario(format!("a callout holds back {callback}, and asks for what there is"), &script)
            .cluster("authz", |_| Answer::from(Response::new(200)).after(Duration::from_millis(30)))
            .request(full())]);
    }
}

#[test]
fn what_is_held_is_changed_from_outside() {
    let change = "timer add 0 x-late 1\ntimer set-bytes 0 0 1 X\ntimer add 1 x-late 1\ntimer add 2 x-late 1\n\
                  timer set-bytes 1 0 1 X\ntimer add 3 x-late 1\ntimer bytes 0 0 9\ntimer bytes 1 0 9\n";
    for callback in WAY {
        let script = format!("{callback} timer 150\n{callback} pause\n{change}");
        compare([
            scenario(format!("a timer changes what is held back at {callback}"), &script).request(full())
        ]);
    }
}

#[test]
fn what_is_resumed_is_out_of_reach_at_once() {
    let script = "request-headers timer 150\nrequest-headers pause\ntimer continue 0\ntimer value 0 :path\n\
                  timer add 0 x-late 1\ntimer bytes 0 0 9\ntimer pause";
    let other = "response-headers timer 150\nresponse-headers pause\ntimer continue 1\ntimer value 2 :status\n\
                 timer add 2 x-late 1\ntimer pause";
    compare([
        scenario("a request that is resumed is out of reach at once", script).request(full()),
        scenario("a response that is resumed is out of reach at once", other).request(full()),
    ]);
}
