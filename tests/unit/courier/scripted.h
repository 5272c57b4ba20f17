#pragma once

#include "integrations/courier/senders.h"

#include <deque>
#include <string>
#include <vector>

namespace bursar::courier::test {

/// One request that was asked, its secrets in plain.
struct Asked {
    std::string method, url, authorization, body;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string header(std::string_view name) const;
};

/// Answers requests by a script: the first rule that fits and is not used up.
class ScriptedHttp final : public Http {
  public:
    void exchange(HttpRequest request, std::function<void(Answer)> done) override;
    /// `path` is the end of the URL.
    void answer(std::string method, std::string path, Answer answer);
    std::size_t count(std::string_view method, std::string_view path) const;

    std::vector<Asked> asked;

  private:
    struct Rule {
        std::string method, path;
        Answer answer;
    };
    std::deque<Rule> rules_;
};

class NoSmtp final : public Smtp {
  public:
    void send(MailRequest, std::function<void(MailAnswer)>) override {}
};

/// Everything that a sender needs, without network and time.
struct Bench {
    Bench();
    /// The receipt of a delivery, whose script must be long enough.
    Receipt tell(const Delivery& delivery);

    ScriptedHttp http;
    NoSmtp smtp;
    ManualClock clock;
    int pauses = 0;
    Means means;
};

Delivery delivery_to(integrations::TargetKind kind);

}  // namespace bursar::courier::test
