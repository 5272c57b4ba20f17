#include "service/base/log.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <optional>
#include <thread>

#include "service/base/clock.h"
#include "service/base/json.h"
#include "service/base/mutex.h"

namespace bursar::log {
namespace {

constexpr auto gather_max = std::chrono::milliseconds{50};
constexpr std::size_t gathered_bytes_max = 64UZ * 1024;

std::atomic<Level> lowest{Level::info};

class Sink {
  public:
    void add(std::string_view line, bool now) EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        gathered_.append(line);
        if (now || !running_ || gathered_.size() >= gathered_bytes_max) {
            flush();
        } else if (gathered_.size() == line.size()) {
            wake_.notify_one();
        }
    }

    void set_output(int file_descriptor) EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        flush();
        output_ = file_descriptor;
    }

    void start() EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        if (running_) return;
        running_ = true;
        thread_.emplace([this] { run(); });
    }

    void stop() EXCLUDES(mutex_) {
        {
            const MutexLock lock(mutex_);
            running_ = false;
            flush();
            wake_.notify_one();
        }
        if (thread_) thread_->join();
        thread_.reset();
    }

  private:
    void run() EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        while (running_) {
            while (running_ && gathered_.empty()) wake_.wait(mutex_);
            const auto until = std::chrono::steady_clock::now() + gather_max;
            while (running_ && std::chrono::steady_clock::now() < until) wake_.wait_until(mutex_, until);
            flush();
        }
    }

    void flush() REQUIRES(mutex_) {
        std::string_view rest = gathered_;
        while (!rest.empty()) {
            const ssize_t written = ::write(output_, rest.data(), rest.size());
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) break;  // Nowhere to say it: a log that cannot be written must not stop the service.
            rest.remove_prefix(static_cast<std::size_t>(written));
        }
        gathered_.clear();
    }

    Mutex mutex_;
    Condition wake_;
    std::string gathered_ GUARDED_BY(mutex_);
    bool running_ GUARDED_BY(mutex_) = false;
    int output_ GUARDED_BY(mutex_) = STDOUT_FILENO;
    std::optional<std::thread> thread_;  // start() and stop() only, both from main
};

Sink& sink() {
    static Sink the_sink;
    return the_sink;
}

std::string_view name_of(Level level) {
    switch (level) {
        case Level::debug: return "debug";
        case Level::info: return "info";
        case Level::warning: return "warning";
        case Level::error: return "error";
    }
    return "error";
}

}  // namespace

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (level < lowest.load(std::memory_order_relaxed)) return;
    JsonWriter json;
    json.open().field("at", to_text(std::chrono::system_clock::now())).field("level", name_of(level)).field("event", event);
    for (const Field& field : fields) std::visit([&](const auto& content) { json.field(field.name, content); }, field.content);
    json.close();
    std::string line = std::move(json).text();
    line.push_back('\n');
    sink().add(line, level >= Level::error);
}

void set_level(Level level) { lowest.store(level, std::memory_order_relaxed); }
void set_output(int file_descriptor) { sink().set_output(file_descriptor); }
void start() { sink().start(); }
void stop() { sink().stop(); }

}  // namespace bursar::log
