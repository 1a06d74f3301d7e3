//! Shared data and queues, also between two workers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use waxwing_testing::envoy::{Config, Proxy};
use waxwing_testing::wasm::WasmModule;

use super::*;

/// Long enough for a worker to be told of an item.
const A_WHILE: Duration = Duration::from_millis(100);

#[test]
fn shared_data_of_one_worker() {
    compare(
        [
            (
                "shared data, by its number",
                "request-headers shared a\n\
             request-headers set-shared a 1 0\n\
             request-headers set-shared b 2 0\n\
             request-headers shared a\n\
             request-headers set-shared a 3 1\n\
             request-headers set-shared a 4 1\n\
             response-headers shared a\n\
             response-headers set-shared a 5\n\
             log shared a\n\
             log shared b",
            ),
            (
                "shared data that is new, by a number",
                "request-headers set-shared new 1 77\n\
             request-headers shared new\n\
             request-headers set-shared new 2 77\n\
             request-headers set-shared another 3 4294967295\n\
             request-headers set-shared another 4 4294967295\n\
             response-headers shared another",
            ),
            (
                "shared data without bytes, and with any",
                "request-headers set-shared empty - 0\n\
             request-headers shared empty\n\
             request-headers set-shared - no-key 0\n\
             request-headers shared -\n\
             request-headers set-shared %ff%00a %00%fe 0\n\
             request-headers shared %ff%00a\n\
             request-headers shared %ff\n\
             done shared %ff%00a",
            ),
        ]
        .map(|(name, script)| scenario(name, script).request(without_body()).request(without_body())),
    );
}

#[test]
fn two_workers_share_the_data() {
    let script = "request-headers shared a\n\
                  request-headers set-shared a 1 1\n\
                  request-headers set-shared a 2 4294967295\n\
                  request-headers shared a\n\
                  request-headers set-shared a 3 0\n\
                  log shared a";
    let requests = [0, 1, 1, 0, 1]
        .into_iter()
        .fold(scenario("shared data of two workers", script).workers(2), |scenario, worker| {
            scenario.request_to(worker, without_body())
        });
    compare([requests.vm_id("shared")]);
}

/// Sends requests on one connection, each when the one before it has been answered.
fn send(address: SocketAddr, requests: u32) {
    let mut connection = TcpStream::connect(address).expect("Envoy listens");
    connection.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout that is not 0");
    let mut answers = BufReader::new(connection.try_clone().expect("a second handle"));
    for _ in 0..requests {
        connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").expect("Envoy reads");
        let head: Vec<_> =
            answers.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        assert!(head.contains(&"content-length: 4".to_owned()), "{head:?}");
        answers.read_exact(&mut [0; 4]).expect("the body");
    }
}

/// From the first on, which makes the value.
#[test]
fn workers_that_count_at_once_lose_nothing() {
    const CLIENTS: u32 = 8;
    const REQUESTS: u32 = 200;
    let module = WasmModule::build("waxwing-probe").unwrap_or_else(|error| panic!("{error}"));
    let script = "request-headers increment n\nrequest-headers reply 200 done";
    let config = Config::new(module.name()).configuration(script).workers(2);
    let mut proxy = Proxy::start(&config).unwrap_or_else(|error| panic!("{error}"));
    let address = proxy.address();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| send(address, REQUESTS));
        }
    });
    let observed = proxy.exchange(&without_body(), |_| None).unwrap_or_else(|error| panic!("{error}"));
    let sum = format!("increment n -> {}", CLIENTS * REQUESTS + 1);
    assert!(observed.logs.iter().any(|line| line.message.trim() == sum), "no {sum:?}: {:?}", observed.logs);
}

/// A request, after which the workers are told of items.
fn once(name: &str, script: &str) -> Scenario {
    scenario(name, script).vm_id("mine").request(without_body()).wait(A_WHILE)
}

#[test]
fn a_queue_of_one_worker() {
    let kept = "request-headers resolve - q\n\
                request-headers register q\n\
                request-headers register q\n\
                request-headers register %ff%00\n\
                request-headers resolve - q\n\
                request-headers resolve mine q\n\
                request-headers resolve theirs q\n\
                request-headers enqueue 1 one\n\
                request-headers enqueue 1 -\n\
                request-headers enqueue 1 %ff%00\n\
                request-headers enqueue 2 other\n\
                queue-ready dequeue 1\n\
                queue-ready dequeue 1\n\
                queue-ready dequeue 2";
    let taken_at_once = "request-headers dequeue 1\n\
                         request-headers enqueue 0 nobody\n\
                         request-headers enqueue 1 nobody\n\
                         request-headers dequeue 4294967295\n\
                         response-headers register q\n\
                         response-headers dequeue 1\n\
                         log enqueue 1 first\n\
                         log enqueue 1 second\n\
                         log dequeue 1\n\
                         log dequeue 1\n\
                         log dequeue 1\n\
                         queue-ready dequeue 1";
    let registered_when_told = "request-headers register q\n\
                                request-headers enqueue 1 again\n\
                                queue-ready dequeue 1\n\
                                queue-ready register q";
    let registered_at_the_start = "configure register q\n\
                                   request-headers enqueue 1 item\n\
                                   queue-ready dequeue 1\n\
                                   queue-ready dequeue 1";
    compare([
        once("a queue that keeps its items", kept).request(without_body()).wait(A_WHILE),
        once("a queue whose items are taken at once", taken_at_once),
        once("a queue that is registered again when told", registered_when_told)
            .request(without_body())
            .wait(A_WHILE),
        once("a queue that is registered at the start", registered_at_the_start)
            .request(without_body())
            .wait(A_WHILE),
    ]);
}

/// Only requests with a body register the queue, and all put an item in.
#[test]
fn an_item_is_told_of_to_the_worker_that_registered_the_queue_last() {
    let script = "request-body register q\nresponse-headers enqueue 1 item\nqueue-ready dequeue 1";
    let steps = [(1, true), (0, false), (0, false), (0, true), (1, false), (1, false), (1, true), (0, false)];
    let scenario = steps.into_iter().fold(
        scenario("a queue of two workers", script).workers(2),
        |scenario, (worker, registers)| {
            let request = if registers { with_body() } else { without_body() };
            scenario.request_to(worker, request).wait(A_WHILE)
        },
    );
    let runs = on_every_host::<Probe>("waxwing-probe", [scenario]);
    // The first worker has had 3 streams when it registers the queue, and the second one 1, and then 4.
    let mut told: Vec<_> = runs[0]
        .logs()
        .lines()
        .iter()
        .filter_map(|line| line.message.strip_prefix("queue-ready 1 after ")?.chars().next())
        .collect();
    told.sort_unstable();
    assert_eq!(told, ['1', '1', '1', '3', '3', '3', '4', '4']);
}

/// The model tries nothing: it has one configuration for each worker.
#[test]
fn what_the_trial_runs_of_envoy_share_stays() {
    let module = WasmModule::build("waxwing-probe").unwrap_or_else(|error| panic!("{error}"));
    let script = "configure set-shared a 1 0\nconfigure register q\nconfigure enqueue 1 item\n\
                  request-headers shared a\nrequest-headers dequeue 1\nrequest-headers dequeue 1\n\
                  request-headers dequeue 1\nrequest-headers dequeue 1\nrequest-headers reply 200 done";
    let config = Config::new(module.name()).configuration(script);
    let mut proxy = Proxy::start(&config).unwrap_or_else(|error| panic!("{error}"));
    let observed = proxy.exchange(&without_body(), |_| None).unwrap_or_else(|error| panic!("{error}"));
    let answers: Vec<_> = observed.logs.iter().filter_map(|line| line.message.split_once(" -> ")).collect();
    let item = ("  dequeue 1", "4 bytes: item");
    assert_eq!(
        answers[..5],
        [("  shared a", "1 bytes: 1 as no. 3"), item, item, item, ("  dequeue 1", "empty")]
    );
}
