//! Shared data.

use super::*;

/// A guest whose stream does this with its host, in whichever worker.
fn on_request(act: impl Fn(&dyn waxwing::__private::Host) + 'static) -> crate::HostBuilder {
    let script = Script::new().on(Callback::RequestHeaders, move |host, _, _| {
        act(host);
        CONTINUE
    });
    script.host()
}

#[test]
fn a_value_is_set_whatever_it_is_and_gets_a_new_number_each_time() {
    let host = on_request(|host| {
        assert_eq!(host.shared_data(b"a"), Err(Status::NOT_FOUND));
        host.set_shared_data(b"a", b"1", 0).unwrap();
        host.set_shared_data(b"b", b"2", 0).unwrap();
        assert_eq!(host.shared_data(b"a"), Ok((b"1".to_vec(), 1)));
        host.set_shared_data(b"a", b"3", 0).unwrap();
        assert_eq!(host.shared_data(b"a"), Ok((b"3".to_vec(), 3)));
        assert_eq!(host.shared_data(b"b"), Ok((b"2".to_vec(), 2)));
    })
    .start();
    host.exchange(Request::get("/"));
    assert_eq!(host.shared_data("a").as_deref(), Some(&b"3"[..]));
}

#[test]
fn a_value_is_not_set_with_the_number_of_another_state_of_it() {
    let host = on_request(|host| {
        host.set_shared_data(b"a", b"1", 0).unwrap();
        let (_, cas) = host.shared_data(b"a").unwrap();
        host.set_shared_data(b"a", b"2", cas).unwrap();
        assert_eq!(host.set_shared_data(b"a", b"3", cas), Err(Status::CAS_MISMATCH));
        assert_eq!(host.shared_data(b"a").unwrap().0, b"2");
    })
    .start();
    host.exchange(Request::get("/"));
}

#[test]
fn a_value_that_does_not_exist_is_set_with_any_number() {
    let host = on_request(|host| {
        host.set_shared_data(b"a", b"1", 77).unwrap();
        assert_eq!(host.set_shared_data(b"a", b"2", 77), Err(Status::CAS_MISMATCH));
    })
    .start();
    host.exchange(Request::get("/"));
}

#[test]
fn empty_values_and_keys_that_are_not_text_are_values_and_keys() {
    let host = on_request(|host| {
        host.set_shared_data(b"", b"no key", 0).unwrap();
        host.set_shared_data(b"\xff\0", b"", 0).unwrap();
        assert_eq!(host.shared_data(b"").unwrap().0, b"no key");
        assert_eq!(host.shared_data(b"\xff\0").unwrap().0, b"");
    })
    .start();
    host.exchange(Request::get("/"));
    assert_eq!(host.shared_data(b"\xff\0"), Some(Vec::new()));
    assert_eq!(host.shared_data("nothing"), None);
}

#[test]
fn workers_share_the_data_and_hosts_do_not() {
    let host = on_request(|host| {
        let seen = host.shared_data(b"seen").map_or(0, |(value, _)| value[0]);
        host.set_shared_data(b"seen", &[seen + 1], 0).unwrap();
    });
    let host = host.workers(2).vm_id("mine").start();
    for worker in [0, 1, 1, 0] {
        host.worker(worker).exchange(Request::get("/"));
    }
    assert_eq!(host.shared_data("seen"), Some(vec![4]));
    let other = on_request(|host| assert_eq!(host.shared_data(b"seen"), Err(Status::NOT_FOUND)));
    other.vm_id("mine").start().exchange(Request::get("/"));
}

#[test]
fn a_test_sets_values_as_another_vm_does() {
    let host = on_request(|host| {
        let (value, cas) = host.shared_data(b"a").unwrap();
        assert_eq!((&value[..], cas), (&b"from outside"[..], 2));
    })
    .start();
    host.set_shared_data("a", "first");
    host.set_shared_data("a", "from outside");
    host.exchange(Request::get("/"));
}

#[test]
fn the_timeline_shows_the_calls() {
    let host = on_request(|host| {
        let _ = host.shared_data(b"a");
        let _ = host.set_shared_data(b"a", b"1", 0);
        let _ = host.set_shared_data(b"a", b"2", 9);
        let _ = host.shared_data(b"a");
    })
    .start();
    let timeline = host.exchange(Request::get("/")).timeline().to_string();
    for line in [
        "get_shared_data \"a\"",
        "set_shared_data \"a\" \"1\"",
        "set_shared_data \"a\" \"2\" if it is no. 9",
        "1 \"1\"",
    ] {
        assert!(timeline.contains(line), "{line}\n{timeline}");
    }
}

#[test]
fn another_worker_is_faster_as_often_as_the_test_says() {
    let host = on_request(|host| {
        host.set_shared_data(b"a", b"1", 0).unwrap();
        for theirs in [b"2", b"3"] {
            let (_, cas) = host.shared_data(b"a").unwrap();
            assert_eq!(host.set_shared_data(b"a", b"mine", cas), Err(Status::CAS_MISMATCH));
            assert_eq!(host.shared_data(b"a").unwrap().0, theirs);
        }
        let (_, cas) = host.shared_data(b"a").unwrap();
        host.set_shared_data(b"a", b"mine", cas).unwrap();
        host.set_shared_data(b"b", b"mine", 0).unwrap();
    })
    .start();
    // The first is for the call that compares nothing.
    for theirs in ["0", "2", "3"] {
        host.race_shared_data("a", theirs);
    }
    let timeline = host.exchange(Request::get("/")).timeline().to_string();
    assert_eq!(timeline.matches("somebody else sets the value first").count(), 3, "{timeline}");
    assert_eq!(host.shared_data("a").unwrap(), b"mine");
}
