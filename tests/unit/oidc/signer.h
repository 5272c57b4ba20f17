#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bursar::oidc::testing {

/// A key of a provider of identities, which signs whatever it is told to.
class Signer {
  public:
    enum class Kind : std::uint8_t { rsa, small_rsa, p256, p384 };
    Signer(Kind kind, std::string kid);

    const std::string& kid() const { return kid_; }
    /// The public half as a JWK; `more` is further members: R"("use":"enc")".
    std::string jwk(std::string_view more = {}) const;
    /// The public half as PEM, as an attacker would take it for an HMAC key.
    std::string pem() const;
    std::string signature(std::string_view algorithm, std::string_view text) const;
    /// A compact JWT, signed by the algorithm whatever the header says.
    std::string token(std::string_view algorithm, std::string_view header, std::string_view claims) const;

  private:
    struct Handle;
    std::string kid_;
    Kind kind_;
    std::shared_ptr<Handle> handle_;
};

/// header.claims, both encoded: what is signed.
std::string signing_input(std::string_view header, std::string_view claims);
std::string hmac_token(std::string_view key, std::string_view header, std::string_view claims);

}  // namespace bursar::oidc::testing
