//! What the macros write passes an author's strictest lints.
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic)]
#![forbid(unsafe_code)]

use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = streams::Stream)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root)
    }
}

mod streams {
    use super::Root;
    use waxwing::prelude::*;

    pub(crate) struct Stream;

    #[callbacks]
    impl HttpContext for Stream {
        type Root = Root;

        fn new(_root: &Root) -> Self {
            Stream
        }

        fn on_request_headers(&mut self, _request: &mut RequestHeaders<'_>) -> Result<Action> {
            Ok(Action::Continue)
        }
    }
}

fn main() {}
