#pragma once

#include "service/ctl/settings.h"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bursar::ctl {

struct Request {
    std::string method = "GET";
    std::string path;      ///< "/api/v1/keys", query included
    std::string body;      ///< JSON, or empty
    bool is_form = false;  ///< the body is a form
    std::string if_match;  ///< a policy revision, or empty
};

struct Reply {
    int status = 0;
    std::string body;
    std::string etag;  ///< without its quotes
    std::string date;  ///< the Date header, if there was one
    bool good() const { return status >= 200 && status < 300; }
};

/// What a TLS connection showed; for doctor.
struct Certificate {
    std::string subject;
    std::string issuer;
    std::string expires_at;  ///< RFC 3339
    long days_left = 0;
};

/// The service, seen from outside. One request at a time; blocking, at most 60 seconds each. Needs a QCoreApplication.
class Api {
  public:
    explicit Api(Settings settings);
    ~Api();
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;

    /// Any answer of the service. Fails only when there is none: nobody listens, TLS is not trusted, no answer in time;
    /// the text says which, and what to change.
    Outcome<Reply> exchange(const Request& request);
    /// An answer that is good; else the service's own sentence. Exit::waits if a second person has to approve it first.
    Outcome<Reply> call(const Request& request);
    Outcome<Reply> get(std::string path) { return call({.path = std::move(path)}); }

    const Settings& settings() const { return settings_; }
    /// From now on as somebody who has signed in.
    void become(SignIn sign_in);
    /// The same with the sign-in of the settings, which must be there.
    void become_kept();
    /// From now on as nobody.
    void forget();
    /// The certificate that the last TLS connection showed; an empty subject if there was none.
    const Certificate& certificate() const { return certificate_; }

  private:
    struct Wire;
    Settings settings_;
    Certificate certificate_;
    std::unique_ptr<Wire> wire_;
};

/// The sentence of a problem-details body (RFC 9457), with a hint where one helps. For answers that are not good.
std::string problem_text(const Reply& reply);

/// "a=1&b=two%20words", for a body that is a form.
std::string form(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

/// "a b" -> "a%20b": one segment of a path or one value of a query.
std::string url_part(std::string_view text);

/// Ends a command whose answer is 202: nothing was done yet, and who has to do what now.
Outcome<void> check_done(const Reply& reply);

}  // namespace bursar::ctl
