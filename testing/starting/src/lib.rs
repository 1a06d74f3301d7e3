//! Root contexts with tasks, which hold, answer or admit what comes early, as their configuration says.
//!
//! The configuration says what the start does: `fetch` a word, and go on if it comes; `fail` when it has come; `stubborn`ly fetch it
//! until it comes, and then again and again. Behind it can stand what becomes of requests meanwhile, `respond` or `admit`. The `root_id` says what
//! the streams are, and what becomes of an error: `streams` with callbacks fail closed, and so do `exchanges`; there are `open`
//! and `reset` ones.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;

waxwing::extensions! {
    /// The module.
    pub struct Starting(Streams, Exchanges, Open, Reset);
}

/// What a root context shares with its streams and its task.
#[derive(Debug)]
struct Shared {
    config: String,
    word: RefCell<String>,
}

/// Declares an extension with such streams, which fails in this way.
macro_rules! starting {
    ($(#[$doc:meta])* $name:ident($($streams:tt)*), $root_id:literal, $policy:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Extension)]
        #[extension($($streams)*, task, root_id = $root_id)]
        pub struct $name(Rc<Shared>);

        impl RootContext for $name {
            type Config = String;

            const ON_ERROR: ErrorPolicy = ErrorPolicy::$policy;

            fn configure(config: String, _: &mut Configure<'_>) -> Result<Self> {
                Ok($name(Rc::new(Shared { config, word: RefCell::default() })))
            }
        }

        impl RootTask for $name {
            fn while_starting(&self) -> WhileStarting {
                self.0.while_starting()
            }

            async fn start(self, root: Root) -> Result<()> {
                self.0.start(&root).await
            }

            async fn run(self, root: Root) -> Result<()> {
                if !self.0.config.starts_with("stubborn") {
                    return Ok(());
                }
                root.every(Duration::from_millis(200), async || self.0.refresh(&root).await).await
            }
        }
    };
}

/// Lets exchanges mark their requests.
macro_rules! marking {
    ($($name:ident),*) => { $(
        impl HttpExchange for $name {
            async fn handle(self, exchange: Exchange) -> Result<()> {
                let request = exchange.request_headers().await?;
                request.headers_mut().set("x-word", &**self.0.word.borrow())
            }
        }
    )* };
}

starting! {
    /// Streams with callbacks.
    Streams(http = Stream), "streams", FailClosed
}
starting! {
    /// Functions.
    Exchanges(exchange), "exchanges", FailClosed
}
starting! {
    /// Functions that fail open.
    Open(exchange), "open", FailOpen
}
starting! {
    /// Functions that reset the stream when they fail.
    Reset(exchange), "reset", Reset
}
marking!(Exchanges, Open, Reset);

impl Shared {
    fn while_starting(&self) -> WhileStarting {
        log::info!("a request has come early");
        match self.config.split_once(' ') {
            Some((_, "admit")) => WhileStarting::Admit,
            Some((_, "respond")) => WhileStarting::Respond(LocalResponse::new(503).body("not yet")),
            _ => WhileStarting::Hold,
        }
    }

    async fn start(&self, root: &Root) -> Result<()> {
        loop {
            let word = fetch(root).await;
            match (word, self.config.starts_with("stubborn")) {
                (Ok(word), _) => {
                    *self.word.borrow_mut() = word;
                    break;
                }
                (Err(_), true) => root.sleep(Duration::from_millis(50)).await?,
                (Err(error), false) => return Err(error),
            }
        }
        if self.config.starts_with("fail") { Err(Error::new("told to fail")) } else { Ok(()) }
    }

    async fn refresh(&self, root: &Root) -> Result<()> {
        *self.word.borrow_mut() = fetch(root).await?;
        Ok(())
    }
}

async fn fetch(root: &Root) -> Result<String> {
    let reply = HttpCall::get("words", "/").timeout(Duration::from_secs(10)).send(root).await?;
    match reply.status() {
        200 => Ok(String::from_utf8_lossy(reply.body()?).into_owned()),
        status => Err(Error::new(format!("status {status}"))),
    }
}

/// A stream, which logs what it sees. What it does with its request is the path.
#[derive(Debug)]
pub struct Stream {
    root: Streams,
}

#[callbacks]
impl HttpContext for Stream {
    type Root = Streams;

    fn new(root: &Streams) -> Self {
        Stream { root: root.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        log::info!("headers");
        request.headers_mut().set("x-word", &**self.root.0.word.borrow())?;
        match request.headers().get_str(":path")?.unwrap_or_default() {
            "/ask" => {
                HttpCall::get("authz", "/").send(request)?;
                Ok(Action::Pause)
            }
            "/answer" => Ok(LocalResponse::new(403).body("no").into()),
            "/fail" => Err(Error::new("told to fail")),
            _ => Ok(Action::Continue),
        }
    }

    fn request_body_mode(&self) -> BodyMode {
        BodyMode::Buffer { limit: 1000 }
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        log::info!("body {}", String::from_utf8_lossy(body.bytes()?));
        Ok(Action::Continue)
    }

    fn on_http_call_response(
        &mut self,
        _: HttpCallId,
        response: &HttpCallResponse<'_>,
        _: &mut StreamView<'_>,
    ) -> Result<Action> {
        log::info!("asked {}", response.status()?);
        Ok(Action::Continue)
    }
}
