#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"

#include <string>
#include <string_view>

// Certificates and their keys, by OpenSSL. Pure: the time and the randomness of numbers are arguments.
namespace bursar::setup {

struct CertificateFacts {
    std::string subject, issuer;
    Timestamp from, until;
    std::string fingerprint;  ///< SHA-256, "AB:CD:…"
    bool is_self_signed = false;
};

/// Reads a chain (PEM, the server's certificate first) and its key. Refuses with one sentence: what is no PEM, a key of
/// another certificate or with a passphrase or too short, a chain out of order, a name that is not `host`, and a time
/// that is not `now`.
Result<CertificateFacts> check_certificate(std::string_view chain, const Secret& key, const std::string& host,
                                           Timestamp now);

/// The same for whoever has the request (PKCS #10, PEM) that the certificate was asked for with, and not the key.
Result<CertificateFacts> check_issued(std::string_view chain, std::string_view request, const std::string& host,
                                      Timestamp now);

/// A private key of ECDSA over P-256, as PEM.
Result<Secret> make_key();
/// A request for a certificate of `host` (a name or an address), signed with the key; PEM.
Result<std::string> make_request(const Secret& key, const std::string& host);

struct Pair {
    std::string certificate;  ///< PEM
    Secret private_key;       ///< PEM
};

/// ECDSA over P-256, for `host` (a name or an address), from `now` on for `days`. `serial`: 16 random bytes.
Result<Pair> make_self_signed(const std::string& host, Timestamp now, int days, std::string_view serial);

}  // namespace bursar::setup
