#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;

// Whom we believe that they are the directory: TLS 1.2 or later, by OpenSSL, whichever library libldap was built with.
namespace bursar::ldap {

/// The client's side of TLS for one directory; shared by its connections.
using Trust = std::shared_ptr<ssl_ctx_st>;

/// `ca` is PEM; empty: the system's store. wrong_configuration says what is wrong with the text.
Result<Trust> trust_in(std::string_view ca);

struct Certificate {
    std::string subject;
    std::string issuer;
    std::optional<Timestamp> not_before;
    std::optional<Timestamp> not_after;
};

/// What a server has shown, and what is wrong with it.
struct Chain {
    std::vector<Certificate> certificates;  ///< the server's own first
    std::vector<std::string> names;         ///< what the server's own says that it is called
    int wrong = 0;                          ///< OpenSSL's X509_V_ERR_…, 0: nothing
    std::size_t wrong_at = 0;               ///< which one of them
};

/// The reason and what to change, for operators. `host` is what was asked for, `now` this machine's time.
std::string explain(const Chain& chain, std::string_view host, Timestamp now);
/// "CN=dc1.corp.example (until 2027-01-31), issued by CN=Corp CA"
std::string describe(const Chain& chain);

}  // namespace bursar::ldap
