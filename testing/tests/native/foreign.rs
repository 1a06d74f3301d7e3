use super::*;
use waxwing::attributes::{Bool, Path, Text};
use waxwing::foreign::{self, Declaration, Expression, FilterState, Span};
use waxwing_testing::HostBuilder;

#[derive(Extension)]
#[extension(http = CallsStream)]
struct Calls {
    is_met: Rc<Expression>,
}

impl RootContext for Calls {
    type Config = ();

    fn configure(_: (), cx: &mut Configure<'_>) -> Result<Self> {
        Declaration::new("once").read_only().declare(cx)?;
        Ok(Calls { is_met: Rc::new(Expression::new(cx, "request.size > 10")?) })
    }
}

struct CallsStream {
    is_met: Rc<Expression>,
}

#[callbacks]
impl HttpContext for CallsStream {
    type Root = Calls;

    fn new(root: &Calls) -> Self {
        CallsStream { is_met: root.is_met.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let what = request.headers().get_str("x-do")?.unwrap_or_default();
        let said = match what {
            "evaluate" => format!("{:?}", self.is_met.evaluate::<Bool>(request)?),
            "route" => {
                foreign::clear_route_cache(request)?;
                foreign::clear_route_cache(request)?;
                String::new()
            }
            "state" => {
                FilterState::new("envoy.string", "acme").span(Span::Request).set(request)?;
                format!("{:?}", request.attribute(Path::filter_state("envoy.string").of::<Text>())?)
            }
            "set-twice" => {
                request.set_property(&["once"], "1")?;
                format!("{:?}", request.set_property(&["once"], "2"))
            }
            "compress" => {
                let packed = foreign::compress(request, "abc".repeat(100))?;
                format!("{}", foreign::uncompress(request, packed)?.len())
            }
            _ => format!("{:?}", request.call_foreign_function("zone_of", "10.0.0.7")?),
        };
        request.log(LogLevel::Info, &said);
        Ok(Action::Continue)
    }
}

fn host() -> HostBuilder {
    Host::builder::<Calls>().expression::<Bool>("request.size > 10", true)
}

fn does(what: &str) -> Request {
    Request::get("/").header("x-do", what)
}

#[test]
fn envoys_functions_work_on_the_stream() {
    let host = host().start();
    let route = host.exchange(does("route"));
    assert_eq!(route.route_choices(), 2);
    assert_eq!(host.exchange(does("state")).route_choices(), 0);
    host.exchange(does("state")).logs().assert_contains("Some(\"acme\")");
    host.exchange(does("set-twice")).logs().assert_contains("bad argument");
    host.exchange(does("compress")).logs().assert_contains("300");
}

#[test]
fn an_expression_has_the_value_that_the_test_gives_it() {
    host().start().exchange(does("evaluate")).logs().assert_contains("Some(true)");
    let refused = Host::builder::<Calls>().try_start().unwrap_err();
    refused.logs().assert_contains("expr_create: bad argument");
}

#[test]
fn a_function_of_the_test_gets_the_argument_and_answers() {
    let host = host()
        .foreign_function("zone_of", |address| Ok([address, b" is near"].concat()))
        .foreign_function("compress", |_| Err(Status::INTERNAL_FAILURE))
        .start();
    let said = format!("{:?}", b"10.0.0.7 is near");
    host.exchange(does("call")).logs().assert_contains(&said);
    host.exchange(does("compress")).logs().assert_contains("compress: internal failure");
}

#[test]
fn a_function_that_there_is_not_is_an_error_and_the_timeline_names_those_that_there_are() {
    let host = host().foreign_function("near", |_| Ok(Vec::new())).start();
    let exchange = host.exchange(does("call"));
    exchange.response().assert_status(500);
    exchange.logs().assert_contains("no such foreign function");
    let timeline = exchange.timeline().to_string();
    assert!(
        timeline.contains("no foreign function \"zone_of\": there are near, clear_route_cache"),
        "{timeline}"
    );
}

#[test]
fn a_new_configuration_declares_its_properties_anew() {
    let host = host().start();
    host.reconfigure("again").unwrap();
    host.exchange(does("set-twice")).logs().assert_contains("bad argument");
}
