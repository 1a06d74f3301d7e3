//! What an extension does with attributes and foreign functions.

use crate::behaviour::{note, perhaps};
use crate::case::case;
use waxwing::attributes::{Bytes, Float, List, Path, connection, request, source, xds};
use waxwing::foreign::{self, Declaration, Expression, FilterState, PrivateKey, PublicKey, Span};
use waxwing::prelude::*;

/// One attribute, and one function; mostly none.
pub(crate) fn know<'cb>(view: &impl View<'cb>) {
    let chaos = case().chaos;
    match chaos.below(24) {
        1 => drop(note(view.attribute(request::TIME))),
        2 => drop(note(view.attribute(request::DURATION))),
        3 => drop(note(view.attribute(source::PORT))),
        4 => drop(note(view.attribute(connection::MTLS))),
        5 => drop(note(view.attribute(connection::TLS_VERSION))),
        6 => drop(note(view.attribute(request::HEADERS)).map(|pairs| pairs.map(Iterator::count))),
        7 => {
            drop(note(view.attribute(Path::new(["list"]).of::<List>())).map(|list| list.map(Iterator::count)))
        }
        8 => drop(note(view.attribute(Path::metadata("a").of::<Float>()))),
        9 => drop(note(view.attribute(source::ADDRESS)).map(|at| at.map(|at| (at.ip(), at.port())))),
        10 => drop(note(view.attribute(xds::LISTENER_DIRECTION))),
        11 => drop(note(view.call_foreign_function("any", chaos.bytes()))),
        _ => {}
    }
    perhaps(|| {
        let bytes = chaos.bytes();
        match chaos.below(6) {
            0 => foreign::clear_route_cache(view),
            1 => foreign::uncompress(view, foreign::compress(view, &bytes)?).map(drop),
            2 => FilterState::new("a", "b").span(Span::Connection).set(view),
            3 => Declaration::new("a").read_only().schema(&bytes).declare(view),
            4 => Expression::new(view, "1")?.evaluate::<Bytes>(view).map(drop),
            _ => {
                note(PublicKey::pem("a").verify(view, "sha256", &bytes, &bytes))?;
                PrivateKey::der(&bytes).sign(view, "sha256", &bytes).map(drop)
            }
        }
    });
}
