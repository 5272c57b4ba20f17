#pragma once

#include "auth/oidc/json.h"
#include "service/base/result.h"

#include <string>
#include <string_view>

namespace bursar::oidc {

/// A JWT in the compact form (RFC 7519, RFC 7515 §7.1), taken apart. Holding one proves nothing: see verify() in
/// jwks.h.
class Jwt {
  public:
    /// not_accepted if it is not one, is longer than jwt_bytes_max, or asks for an extension (`crit`). Keys that the
    /// header brings or points to (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
    static Result<Jwt> parse(std::string_view compact);

    const std::string& algorithm() const { return algorithm_; }  ///< `alg`, whatever it says
    const std::string& key_id() const { return key_id_; }        ///< `kid`, may be empty
    /// `typ` in lower case and without "application/" (RFC 7515 §4.1.9); may be empty.
    const std::string& type() const { return type_; }
    const Json& claims() const { return claims_; }
    const std::string& payload() const { return payload_; }  ///< the claims as they came: JSON
    std::string_view signed_part() const { return std::string_view(compact_).substr(0, signed_bytes_); }
    const std::string& signature() const { return signature_; }

  private:
    Jwt() = default;
    Result<void> read_header(std::string_view text);
    std::string compact_, algorithm_, key_id_, type_, payload_, signature_;
    std::size_t signed_bytes_ = 0;
    Json claims_;
};

inline constexpr std::size_t jwt_bytes_max = 16 * 1024;

}  // namespace bursar::oidc
