use super::*;
use crate::encode::ids::Share;

fn config(flags: Flags, variables: &[(&str, &str)]) -> Result<Option<Config>, ConfigError> {
    let find =
        |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(*value));
    Config::new(&flags, &find)
}

fn of(variables: &[(&str, &str)]) -> Config {
    config(Flags::default(), variables).unwrap().unwrap()
}

fn route(config: &Config, signal: Signal) -> &Route {
    config.routes[signal as usize].as_ref().unwrap()
}

#[test]
fn nothing_is_sent_unless_somebody_asks() {
    assert!(config(Flags::default(), &[]).unwrap().is_none());
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
    assert!(config(Flags::default(), &[endpoint, ("OTEL_SDK_DISABLED", "true")]).unwrap().is_none());
    let none = ["METRICS", "LOGS", "TRACES"].map(|signal| (format!("OTEL_{signal}_EXPORTER"), "none"));
    let mut all: Vec<_> = none.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    all.push(endpoint);
    assert!(config(Flags::default(), &all).unwrap().is_none());
    assert!(of(&all[1..]).routes[Signal::Traces as usize].is_none());
}

#[test]
fn addresses_follow_the_specification() {
    let path = |config: &Config, signal| route(config, signal).endpoint.path().to_owned();
    let both = of(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/tenant/"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l:9/mine"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc"),
    ]);
    assert_eq!(path(&both, Signal::Traces), "/tenant/v1/traces");
    assert_eq!(path(&both, Signal::Logs), "/mine");
    assert_eq!(route(&both, Signal::Metrics).protocol, Protocol::Grpc);
    assert_eq!(route(&both, Signal::Traces).protocol, Protocol::Http);
    assert_eq!(
        both.destinations(),
        [
            "metrics to http://c:4318 (grpc)",
            "traces to http://c:4318 (http/protobuf)",
            "logs to http://l:9 (http/protobuf)"
        ]
    );
    // The flag wins over all of them, and its port says the protocol where nothing else does.
    let flags = Flags { endpoint: Some("http://[::1]:4317".into()), sample: Some(0.5) };
    let flagged = config(flags, &[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l:9/mine")]).unwrap().unwrap();
    assert_eq!(flagged.destinations(), ["metrics, logs, traces to http://[::1]:4317 (grpc)"]);
    assert_eq!(route(&flagged, Signal::Logs).endpoint.host(), "::1");
    assert_eq!(flagged.share, Share::new(0.5));
}

#[test]
fn what_cannot_be_is_refused_by_the_name_of_its_variable_and_without_its_value() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://c"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:hunter2@c"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:99999"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=hunter2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=hunter2%0d%0ab: c"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "-1"),
        ("OTEL_RESOURCE_ATTRIBUTES", "=x"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_LOGS_EXPORTER", "console"),
    ] {
        let error = config(Flags::default(), &[(name, value), endpoint]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}: must be ")), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let https = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:4318");
    let error = config(Flags::default(), &[https, ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem")]);
    assert!(error.unwrap_err().to_string().starts_with("OTEL_EXPORTER_OTLP_CERTIFICATE: \"/nowhere.pem\": "));
    let error = config(Flags::default(), &[https, ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem")]);
    assert!(error.unwrap_err().to_string().contains("needs both"));
}

#[test]
fn lists_are_percent_decoded_and_secrets_not_shown() {
    let config = of(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20hunter2, x-a = 1,"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=sec%2Cops,service.name=mine"),
    ]);
    let headers = &route(&config, Signal::Logs).headers;
    assert_eq!(
        (&headers["authorization"], &headers["x-a"]),
        (&"Bearer hunter2".parse().unwrap(), &"1".parse().unwrap())
    );
    assert!(!format!("{config:?} {headers:?}").contains("hunter2"));
    assert_eq!(config.attributes["team"], "sec,ops");
    assert_eq!(config.attributes["service.name"], "mine");
}

#[test]
fn samplers_are_the_standard_ones() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
    let share = |sampler, argument| {
        let config = of(&[endpoint, ("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", argument)]);
        config.routes[Signal::Traces as usize].is_some().then_some(config.share)
    };
    assert_eq!(share("parentbased_traceidratio", "0.25"), Some(Share::new(0.25)));
    assert_eq!(share("always_on", ""), Some(Share::new(1.0)));
    assert_eq!(share("always_off", ""), None);
    assert_eq!((parse_share("0.5"), parse_share("1.5"), parse_share("NaN")), (Some(0.5), None, None));
}
