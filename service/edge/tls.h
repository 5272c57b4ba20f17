#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"

#include <filesystem>
#include <memory>
#include <optional>

struct ssl_ctx_st;

namespace bursar::edge {

struct TlsContextFree {
    void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// TLS 1.2 and 1.3, forward secrecy only, no renegotiation, no compression. wrong_configuration names the file and what
/// is wrong with it.
Result<TlsContext> server_context(const std::filesystem::path& certificate, const std::filesystem::path& private_key);

/// From when to when a certificate holds.
struct CertificateLife {
    Timestamp from;
    Timestamp until;
};

/// That of the certificate that it shows; none if there is none.
std::optional<CertificateLife> certificate_life(const TlsContext& context);

}  // namespace bursar::edge
