//! `cargo waxwing run`.

use crate::args::Run;
use crate::package::Metadata;
use crate::print::{self, Callout, Observed};
use crate::{artifact, step};
use anyhow::{Context, Result, bail};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use waxwing_testing::envoy;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Answer, Exchange, FailurePolicy, Host, HttpStream, Request, Response, echo};

/// A module, and what it is run on.
struct Job<'a> {
    module: &'a Path,
    config: Vec<u8>,
    failure_policy: FailurePolicy,
    requests: Vec<(Request, Option<Response>)>,
    /// The upstreams of callouts, and what each of them answers.
    clusters: Vec<(String, Response)>,
}

/// Builds the package and sends the requests.
///
/// # Errors
///
/// If something that this needs is missing, the package does not build, or the host refuses the module or its
/// configuration.
pub(crate) fn run(options: &Run) -> Result<()> {
    let metadata = Metadata::of(&options.package)?;
    let package = metadata.package_in(&options.package)?;
    let samples = package.samples()?;
    let module = artifact::build(package)?;
    let job = Job {
        module: &module,
        config: samples.config(&options.config)?,
        failure_policy: if options.fail_open { FailurePolicy::Open } else { FailurePolicy::Closed },
        requests: samples.requests(&options.request)?,
        clusters: samples.clusters(),
    };
    check_kind(&module)?;
    if options.envoy {
        let folder = metadata.target_directory.join("waxwing").join(&package.name);
        in_envoy(job, &folder)
    } else {
        embedded(job)
    }
}

/// Refuses a module that is in the way of TCP connections only: requests would pass it unseen.
fn check_kind(path: &Path) -> Result<()> {
    let exports = WasmModule::from_file(path)?.exports();
    let has = |kind: &[&str]| {
        let callback = |name: &str| name.strip_prefix("proxy_on_").is_some_and(|name| kind.contains(&name));
        exports.iter().any(|export| callback(&export.name))
    };
    if has(&["new_connection", "downstream_data", "upstream_data"])
        && !has(&["request_headers", "response_headers"])
    {
        bail!(
            "this extension is for TCP connections, and `run` sends HTTP requests: \
             run its tests instead, which play both ends with `host.connect()` or `Scenario::connection`"
        );
    }
    Ok(())
}

/// Sends the requests through the host model, with the module in an interpreter.
fn embedded(job: Job<'_>) -> Result<()> {
    let module = WasmModule::from_file(job.module)?;
    step::doing(
        "Running",
        format_args!("{} ({} bytes) in the embedded host", job.module.display(), module.size()),
    );
    let upstream = Rc::new(Upstream::default());
    let origin = upstream.clone();
    let callouts = Callouts::default();
    // It shows what comes of requests, whatever the module does for it.
    let mut builder = Host::wasm(&module).lenient();
    for (cluster, response) in job.clusters {
        builder = builder.cluster(cluster.clone(), callouts.answer_with(cluster, response));
    }
    let host = builder
        .config(job.config)
        .failure_policy(job.failure_policy)
        .origin(move |request| origin.answer(request))
        .try_start()?;
    print::start_logs(host.logs().lines());
    let observe = |(sent, response): (Request, Option<Response>)| {
        upstream.response.replace(response);
        let stream = host.open(sent);
        let held = held(&host, &stream);
        Ok(observed(&stream.finish(), callouts.take(), upstream.answered.take(), held))
    };
    show(job.requests.into_iter().map(observe))
}

/// What the upstream is to answer, and what it did.
#[derive(Debug, Default)]
struct Upstream {
    response: RefCell<Option<Response>>,
    answered: RefCell<Option<Response>>,
}

impl Upstream {
    fn answer(&self, request: &Request) -> Response {
        let answer = self.response.take().unwrap_or_else(|| echo(request));
        self.answered.replace(Some(answer.clone()));
        answer
    }
}

/// What the extension asked other upstreams, of which a real one runs on its own threads.
#[derive(Clone, Debug, Default)]
struct Callouts(Arc<Mutex<Vec<Callout>>>);

impl Callouts {
    /// What an upstream does that always answers the same.
    fn answer_with(
        &self,
        cluster: String,
        answer: Response,
    ) -> impl Fn(&Request) -> Answer + Send + Sync + use<> {
        let callouts = self.clone();
        move |request| {
            let callout =
                Callout { cluster: cluster.clone(), request: request.clone(), answer: answer.clone() };
            callouts.0.lock().unwrap_or_else(PoisonError::into_inner).push(callout);
            answer.clone().into()
        }
    }

    /// Those since the last call.
    fn take(&self) -> Vec<Callout> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Lets as much time pass as a stream takes in which the extension waits for something. Ends one that nothing else will
/// end, and says why it did not.
fn held(host: &Host, stream: &HttpStream) -> Option<String> {
    for _ in 0..STEPS {
        if stream.has_ended() {
            return None;
        }
        host.clock().advance(STEP);
    }
    let problem = match stream.paused_at() {
        Some(phase) => format!("the extension paused the stream at {phase:?}, and nothing resumed it"),
        None => "the stream did not end".to_owned(),
    };
    stream.disconnect();
    Some(problem)
}

/// How much time passes at once, and how often: five seconds, which Envoy's runner waits as well. It is not real time.
const STEP: Duration = Duration::from_millis(10);
const STEPS: u32 = 500;

fn observed(
    exchange: &Exchange,
    callouts: Vec<Callout>,
    answered: Option<Response>,
    held: Option<String>,
) -> Observed {
    Observed {
        sent: exchange.sent().clone(),
        callouts,
        forwarded: exchange.reached_upstream().then(|| exchange.upstream_request().into_inner()),
        answered,
        response: exchange.reached_client().then(|| exchange.response().into_inner()),
        logs: exchange.logs().lines().to_vec(),
        problem: exchange.trap().map(ToString::to_string).or(held),
    }
}

fn in_envoy(job: Job<'_>, folder: &Path) -> Result<()> {
    let install = envoy::Install::find_or_install()?;
    let mut config = envoy::Config::new(job.module).failure_policy(job.failure_policy);
    if !job.config.is_empty() {
        config = config.configuration(job.config);
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let yaml = folder.join("envoy.yaml");
    step::doing("Starting", format_args!("Envoy {} with {}", envoy::VERSION, yaml.display()));
    let callouts = Callouts::default();
    let mut start = envoy::Start::new().install(install).keep_yaml(&yaml);
    for (cluster, response) in job.clusters {
        start = start.cluster(cluster.clone(), callouts.answer_with(cluster, response));
    }
    let mut proxy = start.start(&config)?;
    step::doing("Running", job.module.display());
    print::start_logs(proxy.start_logs());
    show(job.requests.into_iter().map(|(sent, response)| {
        let mut answered = None;
        let before = proxy.root_logs().len();
        let observed = proxy.exchange(&sent, |request| {
            answered = Some(response.clone().unwrap_or_else(|| echo(request)));
            answered.clone()
        })?;
        let envoy::Observed { forwarded, response, mut logs, trap } = observed;
        logs.extend_from_slice(&proxy.root_logs()[before..]);
        Ok(Observed { sent, callouts: callouts.take(), forwarded, answered, response, logs, problem: trap })
    }))
}

/// Prints each exchange when it has come.
fn show(exchanges: impl Iterator<Item = Result<Observed>>) -> Result<()> {
    let mut problems = 0;
    for exchange in exchanges {
        let exchange = exchange?;
        print::exchange(&exchange);
        problems += usize::from(exchange.problem.is_some());
    }
    match problems {
        0 => Ok(()),
        1 => bail!("the extension failed a request; see above"),
        _ => bail!("the extension failed {problems} requests; see above"),
    }
}
