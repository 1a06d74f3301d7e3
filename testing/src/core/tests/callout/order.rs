//! Several callouts, and what they outlive.

use super::*;

#[test]
fn the_answer_for_a_stream_that_has_ended_comes_all_the_same() {
    let (script, ends) = calling(CHECK);
    let host = script.host().start();
    host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(10));
    let stream = host.open(Request::get("/"));
    stream.disconnect();
    assert!(stream.has_ended());
    host.clock().advance(ms(10));
    assert_eq!(ends.borrow().len(), 1);
}

#[test]
fn calls_run_at_the_same_time_and_end_in_the_order_of_their_answers() {
    let (script, ends) = calling(CHECK);
    let host = script.host().start();
    let mut delay = 40;
    host.upstream("authz").on(any()).answer_with(move |_| {
        delay -= 10;
        Reaction::from(Response::new(200)).after(ms(delay))
    });
    let streams = [(); 3].map(|()| host.open(Request::get("/")));
    host.clock().advance(ms(30));
    assert!(streams.iter().all(|stream| stream.has_ended()));
    assert_eq!(
        ends.borrow().iter().map(|end| (end.0, end.1)).collect::<Vec<_>>(),
        [(10, 12), (20, 8), (30, 4)]
    );
}

#[test]
fn a_callout_from_the_answer_to_another_is_possible_and_so_is_one_from_the_configuration() {
    let tokens = notes();
    let noted = tokens.clone();
    let script = Script::new().on(Callback::Configure, |host, _, _| u32::from(CHECK.send(host).is_ok())).on(
        Callback::HttpCallResponse,
        move |host, _, arguments| {
            let Arguments::HttpCall { token, .. } = arguments else { unreachable!() };
            noted.borrow_mut().push(token);
            if token < 12 {
                CHECK.send(host).unwrap();
            }
            0
        },
    );
    let authz = Upstream::new("authz");
    authz.on(any());
    let host = script.host().upstream(&authz).start();
    assert_eq!(*tokens.borrow(), [4, 8, 12]);
    assert_eq!(authz.calls().len(), 3);
    assert_eq!(host.timeline().callbacks().len(), 4);
}

#[test]
fn calls_that_follow_from_each_other_for_ever_fail_the_test() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        CHECK.send(host).unwrap();
        PAUSE
    });
    let script = script.on(Callback::HttpCallResponse, |host, _, _| CHECK.send(host).unwrap());
    let host = script.host().cluster("authz", |_| Response::new(200).into()).start();
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(message.starts_with("10000 events have happened without any time passing"), "{message}");
    assert!(message.contains(r#"(GET /check to "authz")"#), "{message}");
}

#[test]
fn a_dead_vm_hears_of_nothing_and_the_stream_says_what_it_waits_for() {
    let script = Script::new().on(Callback::RequestHeaders, |host, context, _| {
        assert!(context == 2, "boom");
        CHECK.send(host).unwrap();
        PAUSE
    });
    let script = script.returning(0, [Callback::HttpCallResponse]);
    let host = script.host().start();
    host.upstream("authz").on(any()).hang();
    let stream = host.open(Request::get("/"));
    let message = failure(|| stream.finish());
    assert!(
        message.starts_with(
            "the stream is paused in RequestHeaders, and nothing is pending that could resume it; \
             nothing answers callout 4 (GET /check to \"authz\")"
        ),
        "{message}"
    );
    host.exchange(Request::get("/")).trap().unwrap();
    host.clock().advance(ms(1000));
    assert!(host.timeline().callbacks().is_empty());
}

#[test]
fn a_trap_in_the_callback_of_an_answer_leaves_the_stream_waiting() {
    let script = Script::new()
        .on(Callback::RequestHeaders, |host, _, _| {
            CHECK.send(host).unwrap();
            PAUSE
        })
        .on(Callback::HttpCallResponse, |_, _, _| panic!("boom"));
    let host = script.host().cluster("authz", |_| Response::new(200).into()).start();
    let stream = host.open(Request::get("/"));
    stream.assert_paused(Phase::RequestHeaders);
    let message = failure(|| stream.finish());
    assert!(message.contains("its VM is dead: trap in on_http_call_response"), "{message}");
    stream.disconnect();
    assert!(stream.has_ended());
}

#[test]
fn the_end_of_the_root_context_cancels_what_it_has_under_way() {
    let (script, ends) = calling(Call { timeout: 100, ..CHECK });
    let host = script.host().start();
    host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(10));
    let stream = host.open(Request::get("/"));
    host.shutdown();
    host.clock().advance(ms(1000));
    assert!(stream.has_ended() && ends.borrow().is_empty());
}

#[test]
fn each_worker_has_its_own_tokens_and_gets_its_own_answers() {
    let (script, ends) = calling(CHECK);
    let host = script.host().workers(2).start();
    let authz = host.upstream("authz");
    authz.on(any()).reply(Response::new(200)).delay(ms(10));
    let first = host.worker(0).open(Request::get("/"));
    host.worker(1).exchange(Request::get("/"));
    assert!(first.has_ended());
    assert_eq!(ends.borrow().iter().map(|end| end.1).collect::<Vec<_>>(), [4, 4]);
    assert_eq!(authz.calls().len(), 2);
}
