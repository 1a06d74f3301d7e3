//! A line of the script, and the call that it makes.

use std::rc::Rc;
use std::time::Duration;
use waxwing::__private::{BufferType, MapType, MetricType, StreamType, pairs, scope};
use waxwing::abi::call;
use waxwing::attributes::Bytes;
use waxwing::foreign::{self, Declaration, Expression, FilterState, PrivateKey, PublicKey, Span};
use waxwing::prelude::*;

/// One line of the script.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) callback: String,
    pub(crate) words: Vec<String>,
}

/// The lines of a text.
pub(crate) fn script(text: &str) -> Rc<[Step]> {
    let step = |line: &str| {
        let mut words = line.split_whitespace().map(str::to_owned);
        words.next().map(|callback| Step { callback, words: words.collect() })
    };
    text.lines().filter_map(step).collect()
}

impl Step {
    pub(crate) fn word(&self, at: usize) -> &str {
        match self.words.get(at).map(String::as_str) {
            Some("-") | None => "",
            Some(word) => word,
        }
    }

    /// The bytes of a word, in which `%ff` is the byte with that number.
    pub(crate) fn bytes(&self, at: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = self.word(at).as_bytes();
        while let Some((&byte, more)) = rest.split_first() {
            let number = |digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
            match more.get(..2).filter(|_| byte == b'%').and_then(number) {
                Some(escaped) => (bytes.push(escaped), rest = &more[2..]),
                None => (bytes.push(byte), rest = more),
            };
        }
        bytes
    }

    pub(crate) fn number(&self, at: usize) -> u32 {
        self.word(at).parse().unwrap_or_else(|_| panic!("{self:?}: word {at} is not a number"))
    }

    pub(crate) fn signed(&self, at: usize) -> i64 {
        self.word(at).parse().unwrap_or_else(|_| panic!("{self:?}: word {at} is not a number"))
    }

    pub(crate) fn size(&self, at: usize) -> usize {
        self.number(at) as usize
    }

    pub(crate) fn span(&self, at: usize) -> Span {
        match self.word(at) {
            "request" => Span::Request,
            "connection" => Span::Connection,
            _ => Span::FilterChain,
        }
    }

    /// The words from there on, in pairs, as a block.
    pub(crate) fn block(&self, from: usize) -> Vec<u8> {
        let words: Vec<_> = (from..self.words.len()).map(|at| self.bytes(at)).collect();
        block(words.chunks_exact(2).map(|pair| (&pair[0], &pair[1])))
    }

    /// The callout of `call UPSTREAM METHOD PATH MILLISECONDS BODY NAME VALUE`, of which the last three may be left out.
    pub(crate) fn http_call(&self) -> HttpCall<'_> {
        let call = HttpCall::new(self.word(2), self.word(1), self.word(3))
            .timeout(Duration::from_millis(self.number(4).into()))
            .body(self.word(5));
        if self.word(6).is_empty() { call } else { call.header(self.word(6), self.word(7)) }
    }

    /// Makes the call, and says what came of it.
    pub(crate) fn call<'cb>(&self, view: &impl View<'cb>) -> String {
        let (map, buffer) = (|| MapType(self.number(1)), || BufferType(self.number(1)));
        let (name, value) = (&*self.bytes(2), &*self.bytes(3));
        // Segments are separated by dots, or by slashes where they have dots themselves.
        let separator = if self.word(1).contains('/') { '/' } else { '.' };
        let path = |at| self.word(at).replace(separator, "\0");
        let scope = scope(view);
        match self.word(0) {
            "value" => found(call::header_map_value(scope, map(), name)),
            "pairs" => found(call::header_map_pairs(scope, map()).map(Some)),
            "count" => match call::header_map_pairs(scope, map()) {
                Ok(block) => format!("{} bytes", if block.is_empty() { "no" } else { "some" }),
                Err(error) => error.to_string(),
            },
            "size" => match call::header_map_size(map()) {
                // A host adds headers of its own, but no trailers.
                Ok(size) if map().name().is_some_and(|name| name.ends_with("TRAILERS")) => {
                    format!("{size} bytes")
                }
                Ok(_) => "some bytes".to_owned(),
                Err(error) => error.to_string(),
            },
            "buffer-size" => match call::buffer_status(buffer()) {
                Ok(size) => format!("{size} bytes"),
                Err(error) => error.to_string(),
            },
            "log-level" => match call::log_level() {
                Ok(level) => level.to_string(),
                Err(error) => error.to_string(),
            },
            "add" => done(call::add_header_map_value(map(), name, value)),
            "replace" => done(call::replace_header_map_value(map(), name, value)),
            "remove" => done(call::remove_header_map_value(map(), name)),
            "set" => done(call::set_header_map_pairs(map(), &self.block(2))),
            // `add-long MAP NAME SIZE`, `add-many MAP COUNT`, `set-many MAP COUNT SIZE`: values of any size, and any number.
            "add-long" => done(call::add_header_map_value(map(), name, &vec![b'v'; self.size(3)])),
            "add-many" => {
                let number = |number: u32| (format!("x-{number}"), number.to_string());
                let add = |(name, value): (String, String)| {
                    call::add_header_map_value(map(), name.as_bytes(), value.as_bytes())
                };
                done((0..self.number(2)).map(number).try_for_each(add))
            }
            "set-many" => {
                let value = "v".repeat(self.size(3));
                let pairs = [(":status".to_owned(), "200".to_owned())].into_iter();
                let pairs =
                    pairs.chain((1..self.number(2)).map(|number| (format!("x-{number}"), value.clone())));
                done(call::set_header_map_pairs(map(), &block(pairs)))
            }
            "set-malformed" => done(call::set_header_map_pairs(map(), b"\x01\0\0\0")),
            "bytes" => found(call::buffer_bytes(scope, buffer(), self.size(2), self.size(3)).map(Some)),
            "set-bytes" => {
                let data = self.word(4).as_bytes();
                done(call::set_buffer_bytes(buffer(), self.size(2), self.size(3), data))
            }
            // `fill BUFFER START LEN SIZE`: as much as that.
            "fill" => {
                let data = vec![b'f'; self.size(4)];
                done(call::set_buffer_bytes(buffer(), self.size(2), self.size(3), &data))
            }
            "effective" => done(call::set_effective_context(self.number(1))),
            "end-context" => done(call::end_context()),
            "reply" => {
                let status = u16::try_from(self.number(1)).unwrap_or_default();
                let grpc_status = self.word(3).parse().ok();
                let (body, headers) = (self.word(2).as_bytes(), self.block(4));
                done(call::send_local_response(status, b"by the probe", body, &headers, grpc_status))
            }
            "define" => number(call::define_metric(MetricType(self.number(1)), name).map(u64::from)),
            "increment-metric" => done(call::increment_metric(self.number(1), self.signed(2))),
            "record" => done(call::record_metric(self.number(1), self.number(2).into())),
            "metric" => number(call::metric(self.number(1))),
            "continue" => done(call::continue_stream(StreamType(self.number(1)))),
            "tick" => done(call::set_tick_period(self.number(1))),
            "root-done" => done(call::end_context()),
            "close" => done(call::close_stream(StreamType(self.number(1)))),
            "property" => found(call::property(scope, path(1).as_bytes())),
            "set-property" => done(call::set_property(path(1).as_bytes(), name)),
            "call" => match self.http_call().send(view) {
                Ok(call) => format!("token {}", call.as_u32()),
                Err(error) => error.to_string(),
            },
            "raw-call" => {
                let (upstream, timeout) = (self.word(1).as_bytes(), self.number(2));
                match call::http_call(upstream, &self.block(3), b"", b"", timeout) {
                    Ok(token) => format!("token {token}"),
                    Err(error) => error.to_string(),
                }
            }
            "status" => match call::status(scope) {
                Ok((code, message)) => format!("{code} {}", message.escape_ascii()),
                Err(error) => error.to_string(),
            },
            "foreign" => found(view.call_foreign_function(self.word(1), self.word(2)).map(Some)),
            "filter-state" => done(FilterState::new(self.word(1), self.word(2)).span(self.span(3)).set(view)),
            "declare" => {
                let declaration = Declaration::new(self.word(1)).span(self.span(3));
                done(match self.word(2) {
                    "read-only" => declaration.read_only().declare(view),
                    _ => declaration.declare(view),
                })
            }
            "round-trip" => {
                let text = self.word(1).repeat(self.size(2));
                let packed = foreign::compress(view, &text);
                let unpacked = packed.and_then(|packed| Ok((packed, foreign::uncompress(view, packed)?)));
                match unpacked {
                    Ok((packed, unpacked)) => {
                        format!("{} {}", packed.len() < text.len(), unpacked == text.as_bytes())
                    }
                    Err(error) => error.to_string(),
                }
            }
            "verify" => {
                let (key, signature) = (self.bytes(2), self.bytes(3));
                let answer = PublicKey::der(&key).verify(view, self.word(1), signature, self.word(4));
                answer.map_or_else(|error| error.to_string(), |is_valid| is_valid.to_string())
            }
            "sign" => {
                let key = self.bytes(2);
                found(PrivateKey::der(&key).sign(view, self.word(1), self.word(3)).map(Some))
            }
            "evaluate" => {
                // Words have no blanks.
                let source = self.word(1).replace('_', " ");
                let expression = Expression::new(view, &source);
                found(expression.and_then(|expression| expression.evaluate::<Bytes>(view)))
            }
            "shared" => match call::shared_data(scope, &self.bytes(1)) {
                Ok(Some((value, cas))) => format!("{} as no. {cas}", found(Ok(Some(value)))),
                answer => found(answer.map(|_| None)),
            },
            "set-shared" => {
                done(call::set_shared_data(&self.bytes(1), &self.bytes(2), self.word(3).parse().unwrap_or(0)))
            }
            "increment" => match view.shared_data().increment(self.bytes(1), 1) {
                Ok(sum) => sum.to_string(),
                Err(error) => error.to_string(),
            },
            "register" => queue(Queue::register(view, self.bytes(1)).map(Some)),
            "resolve" => queue(Queue::resolve(view, self.word(1), self.bytes(2))),
            "enqueue" => done(call::enqueue_shared_queue(self.number(1), &self.bytes(2))),
            "dequeue" => match call::dequeue_shared_queue(scope, self.number(1)) {
                Ok(None) => "empty".to_owned(),
                answer => found(answer),
            },
            _ => self.grpc(view).unwrap_or_else(|| panic!("{self:?}: no such call")),
        }
    }
}

fn block<K: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl Iterator<Item = (K, V)> + Clone) -> Vec<u8> {
    let mut block = vec![0; pairs::encoded_size(pairs.clone()).unwrap_or_default()];
    pairs::encode(pairs, &mut block);
    block
}

pub(crate) fn number(answer: Result<u64>) -> String {
    answer.map_or_else(|error| error.to_string(), |number| number.to_string())
}

pub(crate) fn done(answer: Result<()>) -> String {
    answer.map_or_else(|error| error.to_string(), |()| "done".to_owned())
}

pub(crate) fn found(answer: Result<Option<&[u8]>>) -> String {
    match answer {
        Ok(Some(bytes)) => format!(
            "{} bytes: {}",
            bytes.len(),
            bytes.escape_ascii().take(200).map(char::from).collect::<String>()
        ),
        Ok(None) => "not found".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn queue(answer: Result<Option<Queue>>) -> String {
    match answer {
        Ok(Some(queue)) => format!("queue {}", queue.as_u32()),
        Ok(None) => "not found".to_owned(),
        Err(error) => error.to_string(),
    }
}
