#include "integrations/courier/curl_loop.h"

#include "service/base/ensure.h"

#include <curl/curl.h>
#include <map>
#include <utility>
#include <vector>

#include <QSocketNotifier>
#include <QTimer>

namespace bursar::courier {

struct CurlLoop::State {
    struct Watch {
        std::unique_ptr<QSocketNotifier> read, write;
    };

    CURLM* multi = nullptr;
    QTimer timer;
    std::map<curl_socket_t, Watch> watches;
    std::map<CURL*, std::function<void(int)>> under_way;

    void act(curl_socket_t socket, int events) {
        int running = 0;
        static_cast<void>(curl_multi_socket_action(multi, socket, events, &running));
        end_those_done();
    }

    void end_those_done() {
        std::vector<std::pair<std::function<void(int)>, int>> ended;
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            CURL* easy = message->easy_handle;
            const int code = message->data.result;
            static_cast<void>(curl_multi_remove_handle(multi, easy));
            ended.emplace_back(std::move(under_way.at(easy)), code);
            under_way.erase(easy);
        }
        // Who hears of an end may begin the next transfer.
        for (const auto& [done, code] : ended) done(code);
    }

    std::unique_ptr<QSocketNotifier> notifier(curl_socket_t socket, QSocketNotifier::Type type, int event) {
        auto out = std::make_unique<QSocketNotifier>(socket, type);
        QObject::connect(out.get(), &QSocketNotifier::activated, &timer, [this, socket, event] { act(socket, event); });
        return out;
    }

    void watch(curl_socket_t socket, int what) {
        // It may be told from within a notifier of this very socket, which must not vanish under Qt's feet.
        const auto drop = [](std::unique_ptr<QSocketNotifier>& one) {
            if (!one) return;
            one->setEnabled(false);
            one.release()->deleteLater();
        };
        if (what == CURL_POLL_REMOVE) {
            const auto found = watches.find(socket);
            if (found == watches.end()) return;
            drop(found->second.read);
            drop(found->second.write);
            watches.erase(found);
            return;
        }
        Watch& each = watches[socket];
        const bool reads = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
        const bool writes = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
        if (!reads) drop(each.read);
        if (!writes) drop(each.write);
        if (reads && !each.read) each.read = notifier(socket, QSocketNotifier::Read, CURL_CSELECT_IN);
        if (writes && !each.write) each.write = notifier(socket, QSocketNotifier::Write, CURL_CSELECT_OUT);
    }

    static int on_socket(CURL*, curl_socket_t socket, int what, void* state, void*) {
        static_cast<State*>(state)->watch(socket, what);
        return 0;
    }

    static int on_timer(CURLM*, long milliseconds, void* state) {
        QTimer& timer = static_cast<State*>(state)->timer;
        if (milliseconds < 0)
            timer.stop();
        else
            timer.start(static_cast<int>(milliseconds));
        return 0;
    }
};

CurlLoop::CurlLoop() : state_(std::make_unique<State>()) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    ENSURE(ready == CURLE_OK);
    state_->multi = curl_multi_init();
    ENSURE(state_->multi != nullptr);
    State* state = state_.get();
    state->timer.setSingleShot(true);
    QObject::connect(&state->timer, &QTimer::timeout, &state->timer, [state] { state->act(CURL_SOCKET_TIMEOUT, 0); });
    static_cast<void>(curl_multi_setopt(state->multi, CURLMOPT_SOCKETFUNCTION, &State::on_socket));
    static_cast<void>(curl_multi_setopt(state->multi, CURLMOPT_SOCKETDATA, state));
    static_cast<void>(curl_multi_setopt(state->multi, CURLMOPT_TIMERFUNCTION, &State::on_timer));
    static_cast<void>(curl_multi_setopt(state->multi, CURLMOPT_TIMERDATA, state));
}

CurlLoop::~CurlLoop() {
    for (const auto& [easy, done] : state_->under_way) static_cast<void>(curl_multi_remove_handle(state_->multi, easy));
    static_cast<void>(curl_multi_cleanup(state_->multi));
}

void CurlLoop::start(void* easy, std::function<void(int)> done) {
    ENSURE(easy != nullptr);
    state_->under_way.emplace(easy, std::move(done));
    // Only asks for a timer, which is heard by the loop: nothing ends in here.
    const CURLMcode added = curl_multi_add_handle(state_->multi, easy);
    ENSURE(added == CURLM_OK);
}

}  // namespace bursar::courier
