//! The tasks of root contexts, on the host model: one file per subject.

mod callbacks;
mod held;
mod interleaving;
mod job;
mod reconfiguration;
mod stream;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use waxwing::exchange::join;
use waxwing::prelude::*;
use waxwing_testing::matching::any;
use waxwing_testing::{EndOfStream, Host, HostBuilder, Phase, Request, Response, Upstream};

/// Declares an extension, each of whose exchanges marks its request with the word that its root context has got.
macro_rules! marking {
    ($name:ident $(, $policy:ident)?; $($task:tt)*) => {
        #[derive(Extension, Clone)]
        #[extension(exchange, task)]
        #[allow(dead_code, reason = "not all of them look at it")]
        struct $name {
            config: Rc<str>,
            word: Rc<RefCell<String>>,
        }

        impl RootContext for $name {
            type Config = String;
            $( const ON_ERROR: ErrorPolicy = ErrorPolicy::$policy; )?
            fn configure(config: String, _: &mut Configure<'_>) -> Result<Self> {
                Ok($name { config: config.into(), word: Rc::default() })
            }
        }

        impl HttpExchange for $name {
            async fn handle(self, exchange: Exchange) -> Result<()> {
                let request = exchange.request_headers().await?;
                request.headers_mut().set("x-word", &**self.word.borrow())
            }
        }

        impl RootTask for $name { $($task)* }
    };
}
use marking;

/// Asks an upstream for a word.
async fn fetch(root: &Root) -> Result<String> {
    let reply = HttpCall::get("words", "/").timeout(ms(100)).send(root).await?;
    match reply.status() {
        200 => Ok(String::from_utf8_lossy(reply.body()?).into_owned()),
        status => Err(Error::new(format!("status {status}"))),
    }
}

marking! { Fetching;
    async fn start(self, root: Root) -> Result<()> {
        *self.word.borrow_mut() = fetch(&root).await?;
        Ok(())
    }
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A host with an upstream that has words.
fn start(host: HostBuilder, rules: impl FnOnce(&Upstream)) -> Host {
    let words = Upstream::new("words");
    rules(&words);
    host.upstream(&words).start()
}

/// A host whose words take this long to come.
fn slow(host: HostBuilder, milliseconds: u64) -> Host {
    start(host, |words| {
        words.on(any()).reply(word("blue")).delay(ms(milliseconds));
    })
}

fn word(word: &str) -> Response {
    Response::new(200).body(word)
}
