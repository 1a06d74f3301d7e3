//! Whether a run lets through what the plain one does not.

use crate::core::Consulted;
use crate::run::Run;

/// What came through in this run that should not have, beside the plain one.
pub(super) fn let_through(plain: &Run, run: &Run) -> Vec<String> {
    let mut found = Vec::new();
    for (at, (plain, exchange)) in plain.exchanges.iter().zip(&run.exchanges).enumerate() {
        if !exchange.reached_upstream() {
            continue;
        }
        let sent = exchange.sent();
        let request = format!("request {} ({})", at + 1, sent.line());
        if !plain.reached_upstream() {
            found.push(format!("{request} reached the upstream, and does not in the plain run"));
        } else if let Some(missing) = missing(plain.consulted(), exchange.consulted()) {
            found.push(format!(
                "{request} reached the upstream, and {} was not heard before, as it is in the plain run: {missing}",
                missing.whom
            ));
        }
    }
    for (at, (plain, tcp)) in plain.connections.iter().zip(&run.connections).enumerate() {
        if plain.upstream.received.is_empty() && !tcp.upstream.received.is_empty() {
            let size = tcp.upstream.received.len();
            found.push(format!(
                "{size} bytes of connection {} reached the upstream, and none do in the plain run",
                at + 1
            ));
        }
    }
    found
}

/// What did not come through in this run, although the plain one lets it.
pub(super) fn held_up(plain: &Run, run: &Run) -> Vec<String> {
    let exchanges = plain.exchanges.iter().zip(&run.exchanges).enumerate();
    let held =
        exchanges.filter(|(_, (plain, exchange))| plain.reached_upstream() && !exchange.reached_upstream());
    held.map(|(at, (_, exchange))| {
        let sent = exchange.sent();
        format!(
            "it fails open, but request {} ({}) did not reach the upstream, as it does in the plain run",
            at + 1,
            sent.line()
        )
    })
    .collect()
}

/// The first answer of the plain run that was not given in the other.
fn missing<'a>(plain: &'a [Consulted], other: &[Consulted]) -> Option<&'a Consulted> {
    let mut left: Vec<_> = other.iter().collect();
    plain.iter().find(|answer| match left.iter().position(|other| other == answer) {
        Some(at) => {
            left.remove(at);
            false
        }
        None => true,
    })
}
