#include "service/base/log.h"

#include "service/base/clock.h"
#include "service/base/json.h"
#include "service/base/mutex.h"

#include <atomic>
#include <cerrno>
#include <optional>
#include <thread>
#include <unistd.h>

namespace bursar::log {
namespace {

constexpr auto gather_max = std::chrono::milliseconds{50};
/// From here on the writing thread is woken early.
constexpr std::size_t gathered_bytes_soon = 64UZ * 1024;
/// Where nobody reads our output, lines beyond this are dropped and counted: a log must not stop the service.
constexpr std::size_t gathered_bytes_max = 16UZ * 1024 * 1024;

constexpr std::size_t line_bytes_usual = 640;

std::atomic<Level> lowest{Level::info};

/// Everything, whatever the other side takes at once; gives up when it takes nothing any more.
void write_out(int descriptor, std::string_view rest) {
    while (!rest.empty()) {
        const ssize_t written = ::write(descriptor, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// Gathers lines under a mutex and writes them outside of it, so that whoever logs never waits for whoever reads.
class Sink {
  public:
    void add(std::string_view line, bool now) EXCLUDES(mutex_) {
        {
            const MutexLock lock(mutex_);
            if (running_) {
                if (gathered_.size() + line.size() > gathered_bytes_max) {
                    ++dropped_;
                    return;
                }
                const bool first = gathered_.empty();
                gathered_.append(line);
                soon_ = soon_ || now || gathered_.size() >= gathered_bytes_soon;
                if (first || soon_) wake_.notify_one();
                return;
            }
        }
        write_out(output_.load(), line);
    }

    void set_output(int file_descriptor) { output_.store(file_descriptor); }

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
            wake_.notify_one();
        }
        if (thread_) thread_->join();
        thread_.reset();
    }

  private:
    void run() EXCLUDES(mutex_) {
        std::string lines;
        while (gather(lines)) {
            write_out(output_.load(), lines);
            lines.clear();
        }
        write_out(output_.load(), lines);
    }

    /// Takes what has gathered; false when it was the last.
    bool gather(std::string& lines) EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        while (running_ && gathered_.empty()) wake_.wait(mutex_);
        const auto until = std::chrono::steady_clock::now() + gather_max;
        while (running_ && !soon_ && std::chrono::steady_clock::now() < until) wake_.wait_until(mutex_, until);
        lines.swap(gathered_);
        soon_ = false;
        if (dropped_ > 0) {
            JsonWriter json;
            json.open().field("at", to_text(std::chrono::system_clock::now())).field("level", "error");
            json.field("event", "log_lines_dropped").field("lines", dropped_).close();
            lines.append(json.text()).push_back('\n');
            dropped_ = 0;
        }
        return running_;
    }

    Mutex mutex_;
    Condition wake_;
    std::string gathered_ GUARDED_BY(mutex_);
    bool running_ GUARDED_BY(mutex_) = false;
    bool soon_ GUARDED_BY(mutex_) = false;
    std::uint64_t dropped_ GUARDED_BY(mutex_) = 0;
    std::atomic<int> output_{STDOUT_FILENO};
    std::optional<std::thread> thread_;  // start() and stop() only, both from main
};

Sink& sink() {
    static Sink the_sink;
    return the_sink;
}

std::string_view name_of(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "error";
}

}  // namespace

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!wants(level)) return;
    JsonWriter json(line_bytes_usual);
    json.open()
        .field("at", to_text(std::chrono::system_clock::now()))
        .field("level", name_of(level))
        .field("event", event);
    for (const Field& field : fields)
        std::visit([&](const auto& content) { json.field(field.name, content); }, field.content);
    json.close();
    std::string line = std::move(json).text();
    line.push_back('\n');
    sink().add(line, level >= Level::error);
}

void set_level(Level level) { lowest.store(level, std::memory_order_relaxed); }
bool wants(Level level) { return level >= lowest.load(std::memory_order_relaxed); }
void set_output(int file_descriptor) { sink().set_output(file_descriptor); }
void start() { sink().start(); }
void stop() { sink().stop(); }

}  // namespace bursar::log
