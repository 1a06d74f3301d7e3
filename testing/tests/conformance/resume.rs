//! Streams that are held back in each phase, and what resumes them.

use super::*;

#[test]
fn a_timer_resumes_each_phase() {
    for callback in WAY {
        let script = format!("{callback} timer 150\n{callback} pause\n* buffer-size 0\n* buffer-size 1");
        compare([scenario(format!("a timer resumes {callback}"), &script)
            .request(full())
            .request(with_body())]);
    }
}

#[test]
fn what_is_not_paused_is_resumed() {
    // Each direction in the callbacks of the other, and in those from outside.
    let script = "response-headers continue 0\nresponse-body continue 0\nresponse-trailers continue 0\nlog continue 0\n\
                  log continue 1\ndone continue 0\ndone continue 1";
    compare([scenario("what is not paused is resumed", script).request(full()).request(without_body())]);
    let twice =
        "request-headers timer 150\nrequest-headers pause\ntimer continue 0\ntimer continue 0\ntimer pause";
    compare([scenario("a request is resumed twice", twice).request(full())]);
    // Not the response before it has begun: that crashes Envoy 1.40.
    let response = "response-headers timer 150\nresponse-headers pause\ntimer continue 1\ntimer continue 1\n\
                    timer continue 0\ntimer pause";
    compare([scenario("a response is resumed twice", response).request(full())]);
}

#[test]
fn a_request_waits_for_its_body_at_its_headers() {
    let script = "request-headers pause\nrequest-body bytes 0 0 99\nrequest-body pause-until-end\n\
                  request-trailers bytes 0 0 99\nrequest-body value 0 :path\nrequest-body add 0 x-late 1\n\
                  response-headers pause\nresponse-body bytes 1 0 99\nresponse-body pause-until-end\n\
                  response-trailers bytes 1 0 99\nresponse-body value 2 :status\nresponse-body add 2 x-late 1";
    compare([scenario("headers wait for their bodies", script)
        .allow_on_headers_stop_iteration()
        .request(full())
        .request(with_body())]);
    let never = "request-headers pause\nrequest-body pause\nrequest-trailers timer 150\nrequest-trailers pause\n\
                 timer value 0 :path\ntimer add 0 x-late 1\ntimer bytes 0 0 99\ntimer value 1 x-sum";
    compare([scenario("headers, body and trailers wait for a timer", never)
        .allow_on_headers_stop_iteration()
        .request(full())]);
    let answered = "request-headers pause\nrequest-body pause\nrequest-trailers reply 403 no";
    compare([scenario("headers that wait for their trailers are answered there", answered)
        .allow_on_headers_stop_iteration()
        .request(full())]);
    let in_body = "request-headers pause\nrequest-body reply 403 no";
    compare([scenario("headers that wait for their body are answered there", in_body)
        .allow_on_headers_stop_iteration()
        .request(full())
        .request(with_body())]);
    let response = "response-headers pause\nresponse-body reply 403 no\nlog value 2 :status";
    compare([scenario("headers of a response that wait for their body are answered there", response)
        .allow_on_headers_stop_iteration()
        .request(full())]);
}

#[test]
fn the_root_context_acts_on_a_stream_that_it_has_made_the_effective_one() {
    let script = "configure register q\nrequest-headers enqueue 1 go\nrequest-headers pause\nqueue-ready dequeue 1\n\
                  queue-ready effective 2\nqueue-ready value 0 :path\nqueue-ready add 0 x-from-root 1\n\
                  queue-ready continue 0\nqueue-ready effective 99\nqueue-ready effective 1\nqueue-ready effective 0\n\
                  queue-ready value 0 :path";
    compare([scenario("the root context resumes a stream", script).request(full())]);
    let answer = "configure register q\nrequest-headers enqueue 1 go\nrequest-headers pause\nqueue-ready dequeue 1\n\
                  queue-ready effective 2\nqueue-ready reply 403 no\nqueue-ready value 0 :path\nlog value 2 :status";
    compare([scenario("the root context answers a stream", answer).request(full())]);
    let reset = "configure register q\nrequest-headers enqueue 1 go\nrequest-headers pause\nqueue-ready dequeue 1\n\
                 queue-ready effective 2\nqueue-ready close 0\nlog value 2 :status";
    compare([scenario("the root context resets a stream", reset).request(full())]);
    let without = "configure register q\nrequest-headers timer 150\nrequest-headers enqueue 1 go\nrequest-headers pause\n\
                   queue-ready continue 0\nqueue-ready reply 403 no\nqueue-ready close 0\nqueue-ready dequeue 1\n\
                   queue-ready set-property a b\nqueue-ready property request.path\nqueue-ready property plugin_name";
    compare([scenario("the root context acts on no stream", without).plugin_name("probe").request(full())]);
}
