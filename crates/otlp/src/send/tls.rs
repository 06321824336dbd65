//! Whom to trust, and who we are.

use crate::config::{ConfigError, Protocol};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// A file, and the variable that names it.
type Named = (String, PathBuf);

/// With `authorities` only these are trusted, else those of the host. `identity` is a certificate and its key.
pub(crate) fn config(
    authorities: Option<Named>,
    identity: Option<(Named, Named)>,
    protocol: Protocol,
) -> Result<ClientConfig, ConfigError> {
    let mut roots = RootCertStore::empty();
    match &authorities {
        Some((variable, path)) => {
            for certificate in certificates(variable, path)? {
                roots.add(certificate).map_err(|error| bad(variable, path, error))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            for error in found.errors {
                tracing::debug!(%error, "a certificate of the host cannot be read");
            }
            roots.add_parsable_certificates(found.certs);
        }
    }
    let bad_host = |error: tokio_rustls::rustls::Error| ConfigError::Value {
        variable: "TLS".into(),
        problem: error.to_string(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(bad_host)?
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(((variable, path), (key_variable, key_path))) => {
            let chain = certificates(&variable, &path)?;
            let key = PrivateKeyDer::from_pem_file(&key_path)
                .map_err(|error| bad(&key_variable, &key_path, error))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| bad(&key_variable, &key_path, error))?
        }
    };
    config.alpn_protocols = vec![match protocol {
        Protocol::Grpc => b"h2".to_vec(),
        Protocol::Http => b"http/1.1".to_vec(),
    }];
    Ok(config)
}

fn certificates(variable: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = all.map_err(|error| bad(variable, path, error))?;
    if all.is_empty() {
        return Err(bad(variable, path, "there is no certificate in it (PEM)"));
    }
    Ok(all)
}

fn bad(variable: &str, path: &Path, problem: impl std::fmt::Display) -> ConfigError {
    ConfigError::File { variable: variable.into(), path: path.into(), problem: problem.to_string() }
}
