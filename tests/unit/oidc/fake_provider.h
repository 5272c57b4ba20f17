#pragma once

#include "auth/oidc/client.h"
#include "service/base/clock.h"
#include "tests/unit/oidc/signer.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::oidc::testing {

/// Members of a JSON object: names, and values that are JSON already.
using Members = std::map<std::string, std::string>;
std::string object_of(const Members& members);
std::string text_of(std::string_view value);  ///< as a JSON string

inline constexpr std::string_view issuer_name = "https://login.corp.example";
inline constexpr std::string_view client_id = "bursar";
inline constexpr std::string_view callback = "https://bursar.corp.example/auth/oidc/corp/callback";

/// A provider of identities in memory. It behaves, unless a test changes what it says.
class FakeProvider {
  public:
    explicit FakeProvider(const Clock& at, std::string issuer = std::string(issuer_name));

    Http http();
    /// Whole options of a client at it.
    Options options() const;
    std::string key_set() const;
    /// The ID token as it would give it now.
    std::string id_token() const;
    int asked(const std::string& path) const;
    std::int64_t seconds(std::int64_t from_now = 0) const;

    const Clock* clock;
    std::string issuer;
    Members document, header, claims, userinfo, token_answer;
    std::string cache_control;
    std::vector<Signer> keys;
    std::string algorithm = "RS256";  ///< that it signs by; the header says it too, unless a test changes that
    std::string id_token_instead;     ///< not empty: given in the place of the right one
    std::string key_set_instead;
    /// By path: answers in the place of the right one.
    std::map<std::string, std::function<Result<HttpAnswer>(const HttpRequest&)>> instead;
    std::vector<HttpRequest> requests;  ///< copies of all that came

  private:
    Result<HttpAnswer> answer(const HttpRequest& request);
};

/// An RSA key that is made once for all tests, because that takes long.
const Signer& first_key();
const Signer& second_key();

HttpAnswer answer_of(int status, std::string body);

}  // namespace bursar::oidc::testing
