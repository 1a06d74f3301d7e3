//! Lines that nobody saw.

use super::*;

/// proxy-wasm-rust-sdk 41 and 102, istio 44310: nothing was logged until the extension had set a level, errors of its
/// start included.
#[test]
fn lines_are_logged_before_a_level_is_set() {
    let host = ScriptedHost::start(Script::default().configure(|cx| {
        cx.log(LogLevel::Debug, "too much");
        cx.log(LogLevel::Info, "from the view");
        waxwing::log::warn!("from the log crate");
        Ok(())
    }));
    assert_eq!(host.lines(), ["from the view", "from the log crate"]);
}

/// proxy-wasm-go-sdk 360, higress 112 and 2822: a configuration that was refused said nothing.
#[test]
fn a_configuration_that_is_refused_says_why() {
    let host = ScriptedHost::new(Script::default());
    host.answer("configuration", Ok(b"refused"));
    host.run(|guest| {
        guest.on_context_create(1, 0);
        assert!(!guest.on_configure(1, 7));
    });
    assert_eq!(host.lines(), ["on_configure (context 1): this configuration is refused"]);
}

/// proxy-wasm-rust-sdk 68: the hook that logs a panic panicked itself if the host refused the line.
#[test]
fn a_line_that_the_host_refuses_is_no_panic() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        request.log(LogLevel::Error, "refused");
        waxwing::log::error!("refused");
        waxwing::log_panic(&"refused");
        Ok(Action::Continue)
    }));
    host.answer_everything(Status::INTERNAL_FAILURE);
    assert_eq!(host.open([2]), CONTINUE);
    assert_eq!(host.lines(), ["refused"; 3]);
}

/// What a broken host does a million times must not fill its log.
#[test]
fn callbacks_that_should_not_come_are_logged_at_a_limited_rate() {
    let host = ScriptedHost::start(Script::default());
    host.run(|guest| {
        for _ in 0..10_000 {
            guest.on_request_headers(77, 0, true);
        }
    });
    assert!((1..40).contains(&host.lines().len()));
}
