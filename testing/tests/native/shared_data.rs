use super::*;
use waxwing::SharedDataError;

extension!(Share, ShareStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let data = request.shared_data();
        let say = |text: String| request.log(LogLevel::Info, &text);
        match request.headers().get(":path")?.unwrap_or_default() {
            b"/increment" => say(format!("{}", data.increment("n", 2)?)),
            b"/number" => say(format!("{}", data.number("n")?)),
            b"/append" => {
                let mut tries = 0;
                let new = data.update("text", |text| {
                    tries += 1;
                    Ok(Some([text.unwrap_or_default(), b"+"].concat()))
                })?;
                say(format!("{} in {tries}", String::from_utf8_lossy(&new.unwrap_or_default())));
            }
            b"/keep" => {
                let kept = data.update("text", |_| Ok(None::<Vec<u8>>))?;
                say(format!("{kept:?}"));
            }
            b"/fail" => {
                data.update("text", |_| -> Result<Option<Vec<u8>>> { Err(Error::new("it does not want to")) })?;
            }
            b"/swap" => {
                let (_, cas) = data.get("text")?.ok_or(Error::new("there is no text"))?;
                let first = data.compare_and_set("text", "first", cas)?;
                let second = data.compare_and_set("text", "second", cas)?;
                say(format!("{first:?} {second:?}"));
            }
            b"/clear" => {
                data.clear("text")?;
                data.clear("n")?;
                data.clear("list")?;
                say(format!("{:?}", data.get("text")?.map(|(value, _)| value.len())));
            }
            b"/list" => {
                let list = data.update_json("list", |list: Option<Vec<usize>>| {
                    let mut list = list.unwrap_or_default();
                    list.push(list.len());
                    Ok(Some(list))
                })?;
                say(format!("{list:?}"));
            }
            b"/json" => {
                data.set_json("list", &[7])?;
                say(format!("{:?} {:?}", data.get_json::<Vec<u32>>("list")?, data.get_json::<u32>("nothing")?));
            }
            _ => say(format!("{:?}", data.get("text")?.map(|(value, _)| value.to_vec()))),
        }
        Ok(Action::Continue)
    }
});

/// The line that a request is answered with.
fn ask(host: &Host, worker: usize, path: &str) -> String {
    let exchange = host.worker(worker).exchange(Request::get(path));
    exchange.logs().lines().iter().map(|line| line.message.clone()).collect::<Vec<_>>().join("; ")
}

fn host() -> Host {
    Host::builder::<Share>().workers(2).start()
}

#[test]
fn a_number_is_counted_by_all_workers_and_stops_at_the_largest() {
    let host = host();
    assert_eq!([ask(&host, 0, "/increment"), ask(&host, 1, "/increment")], ["2", "4"]);
    assert_eq!(host.shared_data("n"), Some(4_u64.to_le_bytes().to_vec()));
    host.set_shared_data("n", (u64::MAX - 1).to_le_bytes());
    assert_eq!(ask(&host, 0, "/increment"), u64::MAX.to_string());
    ask(&host, 0, "/clear");
    assert_eq!([ask(&host, 0, "/number"), ask(&host, 1, "/increment")], ["0", "2"]);
}

#[test]
fn a_change_that_comes_in_between_is_not_lost() {
    let host = host();
    host.set_shared_data("text", "a");
    for theirs in ["ab", "abb", "abbb"] {
        host.race_shared_data("text", theirs);
    }
    assert_eq!(ask(&host, 0, "/append"), "abbb+ in 4");
    assert_eq!(host.shared_data("text").unwrap(), b"abbb+");
}

#[test]
fn the_first_value_of_another_worker_is_not_lost() {
    let host = host();
    host.race_shared_data("text", "first");
    assert_eq!(ask(&host, 1, "/append"), "first+ in 2");
    host.race_shared_data("list", "[9]");
    assert_eq!(ask(&host, 1, "/list"), "Some([9, 1])");
    host.race_shared_data("n", 5_u64.to_le_bytes());
    assert_eq!(ask(&host, 1, "/increment"), "7");
}

#[test]
fn who_is_never_first_gives_up_with_an_error_of_its_own() {
    let host = host();
    for _ in 0..SharedData::ATTEMPTS {
        host.race_shared_data("text", "theirs");
    }
    let line = ask(&host, 0, "/append");
    assert!(line.contains("shared data `text`: others change it all the time"), "{line}");
    assert_eq!(host.shared_data("text").unwrap(), b"theirs");
    assert_eq!(ask(&host, 0, "/append"), "theirs+ in 1");
}

#[test]
fn a_value_can_be_left_as_it_is_and_a_change_can_fail() {
    let host = host();
    host.set_shared_data("text", "kept");
    assert_eq!(ask(&host, 0, "/keep"), "None");
    assert!(ask(&host, 0, "/fail").contains("it does not want to"));
    assert_eq!(host.shared_data("text").unwrap(), b"kept");
}

#[test]
fn a_mismatch_is_a_value_and_an_empty_value_is_not_a_missing_one() {
    let host = host();
    assert_eq!(ask(&host, 0, "/text"), "None");
    host.set_shared_data("text", "");
    assert_eq!(ask(&host, 0, "/text"), "Some([])");
    assert_eq!(ask(&host, 0, "/swap"), "Done Mismatch");
    assert_eq!(host.shared_data("text").unwrap(), b"first");
    assert_eq!(ask(&host, 1, "/clear"), "Some(0)");
}

#[test]
fn values_of_any_type_are_json_and_a_cleared_one_is_none() {
    let host = host();
    assert_eq!([ask(&host, 0, "/list"), ask(&host, 1, "/list")], ["Some([0])", "Some([0, 1])"]);
    assert_eq!(host.shared_data("list").unwrap(), b"[0,1]");
    assert_eq!(ask(&host, 0, "/json"), "Some([7]) None");
    ask(&host, 0, "/clear");
    assert_eq!(ask(&host, 0, "/list"), "Some([0])");
}

#[test]
fn a_value_of_another_type_is_an_error_with_the_key_and_without_the_value() {
    let host = host();
    host.set_shared_data("n", "hunter2, which is no number");
    host.set_shared_data("list", r#"["hunter2"]"#);
    for (path, problem) in [
        ("/increment", "shared data `n`: it is not a number of eight bytes"),
        ("/number", "shared data `n`: it is not a number of eight bytes"),
        ("/list", "shared data `list`: invalid type, expected usize"),
    ] {
        let line = ask(&host, 0, path);
        assert!(line.contains(problem) && !line.contains("hunter2"), "{line}");
    }
}

#[test]
fn the_errors_can_be_told_apart() {
    extension!(Tell, TellStream {
        fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
            match request.shared_data().increment("n", 1) {
                Err(Error::SharedData { error: SharedDataError::WrongType, .. }) => {
                    Ok(LocalResponse::new(418).into())
                }
                other => other.map(|_| Action::Continue),
            }
        }
    });
    let host = Host::builder::<Tell>().start();
    host.set_shared_data("n", "?");
    host.exchange(Request::get("/")).response().assert_status(418);
}
