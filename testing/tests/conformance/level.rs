use super::*;
use waxwing_testing::LogLevel;

#[test]
fn a_host_says_its_level_and_drops_what_is_below_it() {
    let runs = on_every_host::<Probe>(
        "waxwing-probe",
        [
            scenario("without a level", "request-headers log-level").request(without_body()),
            scenario("the level info", "request-headers log-level")
                .log_level(LogLevel::Info)
                .request(without_body()),
            scenario("the level warn", "request-headers log-level")
                .log_level(LogLevel::Warn)
                .request(without_body()),
        ],
    );
    let lines = runs.iter().map(|run| run[0].logs().lines().len()).collect::<Vec<_>>();
    assert_eq!(lines, [2, 2, 0]);
    runs[1][0].logs().assert_contains("log-level -> 2");
}
