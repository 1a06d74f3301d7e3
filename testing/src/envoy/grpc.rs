//! gRPC servers behind Envoy.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use super::callout::Cluster;
use super::upstream::Upstream;
use crate::grpc::percent_encoded;
use crate::{GrpcAnswer, GrpcRequest, GrpcStep, HeaderList};

/// A server on loopback that speaks HTTP/2 without TLS; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct GrpcServer {
    _runtime: Runtime,
}

impl GrpcServer {
    /// Serves what this cluster answers; also tells where.
    pub(super) fn serve(cluster: Cluster) -> io::Result<(GrpcServer, SocketAddr)> {
        let socket = Upstream::socket()?;
        let address = socket.local_addr()?;
        socket.set_nonblocking(true)?;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.spawn(async move {
            // What goes wrong on a connection, Envoy notices, and the test sees what Envoy makes of it.
            let Ok(socket) = TcpListener::from_std(socket) else { return };
            while let Ok((stream, _)) = socket.accept().await {
                tokio::spawn(connection(stream, cluster.clone()));
            }
        });
        Ok((GrpcServer { _runtime: runtime }, address))
    }
}

/// Fails if something in an answer cannot be sent.
pub(super) fn check(answer: &GrpcAnswer) {
    for step in answer.steps() {
        let (GrpcStep::Metadata(metadata) | GrpcStep::End { metadata, .. }) = step else { continue };
        for entry in metadata.iter() {
            let (name, value) = entry;
            assert!(
                header(entry).is_some(),
                "gRPC metadata cannot be sent: {}: {}",
                name.escape_ascii(),
                value.escape_ascii()
            );
        }
    }
}

async fn connection(stream: TcpStream, cluster: Cluster) -> Result<(), h2::Error> {
    // An error means slower packets.
    let _ = stream.set_nodelay(true);
    let mut connection = h2::server::handshake(stream).await?;
    while let Some(accepted) = connection.accept().await {
        let (request, response) = accepted?;
        tokio::spawn(call(request, response, cluster.clone()));
    }
    Ok(())
}

/// Serves a call. An error means that Envoy has ended it.
async fn call(
    request: Request<RecvStream>,
    response: SendResponse<Bytes>,
    cluster: Cluster,
) -> Result<(), h2::Error> {
    let (parts, body) = request.into_parts();
    let (service, method) = parts.uri.path().trim_start_matches('/').rsplit_once('/').unwrap_or_default();
    let mut request = GrpcRequest::new(service, method);
    for (name, value) in &parts.headers {
        if !is_of_the_protocol(name.as_str()) {
            request = request.metadata(name.as_str(), value.as_bytes());
        }
    }
    let number = cluster.begin_call(request);
    let mut client = Client { cluster, number, body, rest: Vec::new(), messages: Vec::new(), ended: false };
    client.receive().await?;
    let answer = client.cluster.answer_call(number);
    let mut server = Server { response, stream: None };
    let mut echoed = 0;
    for step in answer.steps() {
        match step {
            GrpcStep::Metadata(metadata) => server.send_headers(metadata)?,
            GrpcStep::Message(message) => server.send_message(message)?,
            GrpcStep::Echo => loop {
                for message in &client.messages[echoed..] {
                    server.send_message(message)?;
                }
                echoed = client.messages.len();
                if client.ended {
                    break;
                }
                client.await_more().await?;
            },
            GrpcStep::AwaitMessages(count) => {
                while client.messages.len() < *count && !client.ended {
                    client.await_more().await?;
                }
            }
            GrpcStep::AwaitEnd => {
                while !client.ended {
                    client.await_more().await?;
                }
            }
            GrpcStep::Wait(time) => tokio::time::sleep(*time).await,
            GrpcStep::End { status, message, metadata } => server.end(*status, message, metadata)?,
            GrpcStep::Reset => server.reset(),
        }
    }
    // What else the client sends belongs to the call, too.
    while !client.ended {
        client.receive().await?;
    }
    server.await_reset().await
}

/// Whether a header is gRPC's or Envoy's own, and no metadata.
fn is_of_the_protocol(name: &str) -> bool {
    name.starts_with("x-envoy-") || ["te", "content-type", "grpc-timeout", "x-forwarded-for"].contains(&name)
}

/// The client's side of a call.
struct Client {
    cluster: Cluster,
    number: usize,
    body: RecvStream,
    /// What has arrived of the next message.
    rest: Vec<u8>,
    messages: Vec<Vec<u8>>,
    ended: bool,
}

impl Client {
    /// Waits for a message, or for the end of the client's side.
    async fn receive(&mut self) -> Result<(), h2::Error> {
        while !self.take_message() {
            let Some(data) = self.body.data().await else {
                self.ended = true;
                break;
            };
            let data = data?;
            self.body.flow_control().release_capacity(data.len())?;
            self.rest.extend_from_slice(&data);
        }
        Ok(())
    }

    /// The same, while it is known that the server waits for the client.
    async fn await_more(&mut self) -> Result<(), h2::Error> {
        self.cluster.note_waiting(true);
        let received = self.receive().await;
        self.cluster.note_waiting(false);
        received
    }

    /// Takes a message, which has a byte for its compression and its length in front, if all of it is there.
    fn take_message(&mut self) -> bool {
        let Some((head, rest)) = self.rest.split_first_chunk::<5>() else { return false };
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let Some(message) = rest.get(..length).map(<[u8]>::to_vec) else { return false };
        self.rest.drain(..head.len() + length);
        self.cluster.receive_message(self.number, message.clone());
        self.messages.push(message);
        true
    }
}

/// The server's side of a call.
struct Server {
    response: SendResponse<Bytes>,
    /// Once the headers are sent.
    stream: Option<SendStream<Bytes>>,
}

impl Server {
    fn send_headers(&mut self, metadata: &HeaderList) -> Result<(), h2::Error> {
        self.stream = Some(self.response.send_response(headers(metadata), false)?);
        Ok(())
    }

    fn send_message(&mut self, message: &[u8]) -> Result<(), h2::Error> {
        if self.stream.is_none() {
            self.send_headers(&HeaderList::new())?;
        }
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
        let frame = [&[0], &length[..], message].concat();
        match &mut self.stream {
            Some(stream) => stream.send_data(frame.into(), false),
            None => Ok(()),
        }
    }

    fn end(&mut self, status: u32, message: &str, metadata: &HeaderList) -> Result<(), h2::Error> {
        let mut end = HeaderList::new();
        end.add("grpc-status", status.to_string());
        if !message.is_empty() {
            end.add("grpc-message", percent_encoded(message));
        }
        for (name, value) in metadata.iter() {
            end.add(name, value);
        }
        match &mut self.stream {
            Some(stream) => stream.send_trailers(header_map(&end)),
            // A call without headers and messages ends with the headers.
            None => self.response.send_response(headers(&end), true).map(drop),
        }
    }

    fn reset(&mut self) {
        self.response.send_reset(Reason::INTERNAL_ERROR);
    }

    /// Waits until the client has reset a call that the server leaves open.
    async fn await_reset(&mut self) -> Result<(), h2::Error> {
        match &mut self.stream {
            Some(stream) => poll_fn(|context| stream.poll_reset(context)).await.map(drop),
            None => poll_fn(|context| self.response.poll_reset(context)).await.map(drop),
        }
    }
}

fn headers(metadata: &HeaderList) -> Response<()> {
    let mut response = Response::new(());
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response.headers_mut().extend(header_map(metadata));
    response
}

fn header_map(list: &HeaderList) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in list.iter().filter_map(header) {
        map.append(name, value);
    }
    map
}

/// `None` if it is not what HTTP allows.
fn header((name, value): (&[u8], &[u8])) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "gRPC metadata cannot be sent: x y: 1")]
    fn metadata_that_http_does_not_allow_are_named() {
        check(&GrpcAnswer::stream().trailer("x y", "1").end(0, ""));
    }
}
