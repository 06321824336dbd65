//! Certificates: a private authority, another one, and who the agent is.

use crate::collector::{Collector, LONG, Mode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{ffi::OsString, fs, path::Path, sync::Arc};
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use wasmscope_export::Snapshot;
use wasmscope_otlp::{Config, Exporter, Flags};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for this name, and its key.
    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    fn certificate(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }
}

/// A collector that is 127.0.0.1, and takes clients of `clients` only, if there are any.
fn collector(authority: &Authority, clients: Option<&Authority>) -> Collector {
    let (certificate, key) = authority.issue("127.0.0.1");
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.certificate()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Collector::start_with(Mode::Take, Some(config), "127.0.0.1:0")
}

/// Whether numbers are delivered by such a configuration.
fn delivers(collector: &Collector, protocol: &str, files: &[(&str, &Path)]) -> bool {
    let endpoint = format!("https://{}", collector.address);
    let find = |name: &str| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(OsString::from(&endpoint)),
        "OTEL_EXPORTER_OTLP_PROTOCOL" => Some(protocol.into()),
        _ => files.iter().find(|(key, _)| *key == name).map(|(_, path)| OsString::from(path)),
    };
    let config = Config::new(&Flags::default(), &find).unwrap().unwrap();
    let exporter = Exporter::start(&config, None).unwrap();
    // A handshake that is refused is at its end long before this.
    let wait = if files.is_empty() { std::time::Duration::from_secs(2) } else { LONG / 4 };
    let counts = exporter.finish(Some(Snapshot { running: 1, ..Snapshot::default() }), wait);
    let count = |stage| counts.iter().find(|count| count.stage == stage).unwrap().count;
    assert_eq!(count("made"), count("delivered") + count("unsent"), "{counts:?}");
    count("delivered") > 0
}

#[test]
fn only_the_authority_that_was_named_is_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, others) = (Authority::new(), Authority::new());
    let [ours_pem, others_pem] = ["ours.pem", "others.pem"].map(|name| dir.path().join(name));
    fs::write(&ours_pem, ours.0.pem()).unwrap();
    fs::write(&others_pem, others.0.pem()).unwrap();
    let collector = collector(&ours, None);
    for protocol in ["grpc", "http/protobuf"] {
        assert!(
            delivers(&collector, protocol, &[("OTEL_EXPORTER_OTLP_CERTIFICATE", &ours_pem)]),
            "{protocol}"
        );
        assert!(
            !delivers(&collector, protocol, &[("OTEL_EXPORTER_OTLP_CERTIFICATE", &others_pem)]),
            "{protocol}"
        );
        assert!(!delivers(&collector, protocol, &[]), "{protocol}: the host's authorities");
    }
}

#[test]
fn a_client_certificate_is_shown_to_who_asks_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, clients) = (Authority::new(), Authority::new());
    let (certificate, key) = clients.issue("agent");
    let [authority, client, client_key] =
        ["ca.pem", "client.pem", "key.pem"].map(|name| dir.path().join(name));
    fs::write(&authority, ours.0.pem()).unwrap();
    fs::write(&client, certificate.pem()).unwrap();
    fs::write(&client_key, key.serialize_pem()).unwrap();
    let collector = collector(&ours, Some(&clients));
    let trusted = ("OTEL_EXPORTER_OTLP_CERTIFICATE", authority.as_path());
    let identity = [
        trusted,
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", client.as_path()),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", client_key.as_path()),
    ];
    for protocol in ["grpc", "http/protobuf"] {
        assert!(delivers(&collector, protocol, &identity), "{protocol}");
        assert!(!delivers(&collector, protocol, &[trusted]), "{protocol}");
    }
}
