#include "service/providers/lookups.h"

#include "service/base/mutex.h"

#include <deque>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

namespace bursar::providers {

Found system_lookup(const std::string& host) {
    // Only to be told whose resolver it is: nothing runs on it.
    asio::io_context context;
    asio::ip::tcp::resolver resolver(context);
    boost::system::error_code error;
    Found found;
    for (const auto& result : resolver.resolve(host, "", error))
        found.addresses.push_back(result.endpoint().address().to_string());
    if (error) found.error = error.message();
    return found;
}

/// Shared with the threads, which may end after everybody else.
struct Lookups::Queue {
    struct Task {
        std::string host;
        std::move_only_function<void(Found)> then;
    };
    Queue(asio::io_context& of_shard, Lookup how) : shard(of_shard), lookup(std::move(how)) {}

    asio::io_context& shard;  ///< not to be touched once `stopped` is set
    const Lookup lookup;
    Mutex mutex;
    Condition changed;
    std::deque<Task> tasks GUARDED_BY(mutex);
    int threads GUARDED_BY(mutex) = 0;
    int resting GUARDED_BY(mutex) = 0;
    bool stopped GUARDED_BY(mutex) = false;
};

Lookups::Lookups(asio::io_context& shard, Lookup lookup) : queue_(std::make_shared<Queue>(shard, std::move(lookup))) {}
Lookups::~Lookups() { stop(); }

void Lookups::start(std::string host, std::move_only_function<void(Found)> then) {
    const MutexLock lock(queue_->mutex);
    if (queue_->stopped) return;
    queue_->tasks.push_back({std::move(host), std::move(then)});
    if (static_cast<int>(queue_->tasks.size()) > queue_->resting && queue_->threads < threads_max) {
        try {
            std::thread([queue = queue_] { work(queue); }).detach();
            ++queue_->threads;
        } catch (const std::system_error&) {
            // No thread to be had now: one of the others takes it, or the one that the next lookup begins.
        }
    }
    queue_->changed.notify_one();
}

void Lookups::stop() {
    const MutexLock lock(queue_->mutex);
    queue_->stopped = true;
    queue_->tasks.clear();
    queue_->changed.notify_all();
}

void Lookups::work(const std::shared_ptr<Queue>& queue) {
    for (;;) {
        Queue::Task task;
        {
            const MutexLock lock(queue->mutex);
            ++queue->resting;
            while (queue->tasks.empty() && !queue->stopped) queue->changed.wait(queue->mutex);
            --queue->resting;
            if (queue->stopped) return;
            task = std::move(queue->tasks.front());
            queue->tasks.pop_front();
        }
        Found found = queue->lookup(task.host);
        // Under the mutex, so that the shard is still there.
        const MutexLock lock(queue->mutex);
        if (queue->stopped) return;
        asio::post(queue->shard,
                   [then = std::move(task.then), found = std::move(found)]() mutable { then(std::move(found)); });
    }
}

}  // namespace bursar::providers
