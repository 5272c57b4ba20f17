#include "service/providers/tokens/fetcher.h"

#include "service/base/crypto.h"
#include "service/base/log.h"
#include "service/edge/async.h"

#include <exception>
#include <map>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

namespace bursar::providers::tokens {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds look_every = 250ms;
/// A call may be waiting.
constexpr Deadlines deadlines{.connect = 5s, .first_byte = 10s, .idle = 10s, .total = 15s};
constexpr std::size_t unique_bytes = 16;

}  // namespace

/// Lives on its thread; only the constructor and the destructor are somebody else's.
class Fetcher::Work {
  public:
    Work(Keeper& keeper, std::function<std::vector<Wanted>()> wanted, const Clock& clock)
        : keeper_(keeper), wanted_(std::move(wanted)), clock_(clock), pool_(Pool::make(io_, {})), timer_(io_) {
        asio::post(io_, [this] { look(); });
        keeper_.on_due([this] { asio::post(io_, [this] { look(); }); });
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Work() {
        keeper_.on_due({});
        asio::post(io_, [this] {
            stopping_ = true;
            timer_.cancel();
            // What ends may end at once, and takes itself out of the list.
            for (const auto& [turn, cancel] : std::map(cancels_))
                if (*cancel) (*cancel)();
            pool_->close_idle();
        });
        thread_.join();
        keeper_.end();
    }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

  private:
    void look();
    Task<void> fetch(Job job);
    Task<std::expected<Token, Failure>> ask(const Job& job, std::function<void()>* cancel);
    static void tell(const Job& job, const std::string& why);

    Keeper& keeper_;
    const std::function<std::vector<Wanted>()> wanted_;
    const Clock& clock_;
    asio::io_context io_;
    std::unique_ptr<Pool> pool_;
    asio::steady_timer timer_;
    bool stopping_ = false;
    std::map<std::int64_t, std::shared_ptr<std::function<void()>>> cancels_;  ///< of the fetches under way, by turn
    std::thread thread_;
};

void Fetcher::Work::look() {
    if (stopping_) return;
    for (Job& job : keeper_.follow(wanted_())) {
        cancels_[job.turn] = std::make_shared<std::function<void()>>();
        asio::co_spawn(io_, fetch(std::move(job)), asio::detached);
    }
    timer_.expires_after(look_every);
    timer_.async_wait([this](const boost::system::error_code& stopped) {
        if (!stopped) look();
    });
}

Task<void> Fetcher::Work::fetch(Job job) {
    const auto cancel = cancels_[job.turn];
    std::expected<Token, Failure> got;
    try {
        got = co_await ask(job, cancel.get());
    } catch (const std::exception& exception) {
        got = std::unexpected(Failure{.why = exception.what(), .refused = false});
    }
    cancels_.erase(job.turn);
    const std::string why = got ? std::string() : got.error().why;
    const bool of_use = keeper_.ended(job, std::move(got));
    if (of_use && !why.empty() && !stopping_) tell(job, why);
}

Task<std::expected<Token, Failure>> Fetcher::Work::ask(const Job& job, std::function<void()>* cancel) {
    const Wanted& wanted = job.wanted;
    const auto credential = read_credential(wanted.kind, *wanted.credential);
    if (!credential)
        co_return std::unexpected(Failure{.why = std::string(credential.error().operator_text()), .refused = true});
    const auto form = form_of(*credential, wanted.place, clock_.now(), random_bytes(unique_bytes));
    if (!form) co_return std::unexpected(Failure{.why = std::string(form.error().operator_text()), .refused = true});
    const std::vector<edge::HeaderView> headers = {{"content-type", "application/x-www-form-urlencoded"},
                                                   {"accept", "application/json"}};
    const std::string path = path_of(*credential, wanted.base_path);
    const std::string_view body = form->reveal();
    const UpstreamRequest request{.method = "POST", .target = path, .headers = &headers, .body = {&body, 1}};
    auto answer = co_await pool_->send(wanted.target, request, deadlines, cancel);
    if (!answer) {
        const std::string_view text = answer.error().error.operator_text();
        co_return std::unexpected(
            Failure{.why = fmt::format("the token endpoint cannot be reached: {}", text), .refused = false});
    }
    *cancel = [&answer] { (*answer)->cancel(); };
    const int status = (*answer)->head().status;
    auto said = co_await (*answer)->read_all(answer_bytes_max);
    *cancel = nullptr;
    if (!said) {
        const std::string_view text = said.error().operator_text();
        co_return std::unexpected(
            Failure{.why = fmt::format("the answer of the token endpoint cannot be read: {}", text), .refused = false});
    }
    auto token = read_answer(status, *said);
    wipe(said->data(), said->size());
    co_return token;
}

void Fetcher::Work::tell(const Job& job, const std::string& why) {
    log::warning("no_token",
                 {{"provider", job.wanted.name.provider}, {"key", job.wanted.name.secret}, {"reason", why}});
}

Fetcher::Fetcher(Keeper& keeper, std::function<std::vector<Wanted>()> wanted, const Clock& clock)
    : work_(std::make_unique<Work>(keeper, std::move(wanted), clock)) {}

Fetcher::~Fetcher() = default;

}  // namespace bursar::providers::tokens
