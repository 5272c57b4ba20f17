#include "service/store/checkpointer.h"

namespace bursar::store {

void Checkpointer::start() {
    {
        const MutexLock lock(mutex_);
        running_ = true;
    }
    thread_ = std::thread([this] { serve(); });
}

void Checkpointer::stop() {
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
    }
    work_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Checkpointer::ask() {
    {
        const MutexLock lock(mutex_);
        asked_ = true;
    }
    work_.notify_one();
}

void Checkpointer::ask_and_wait() {
    const MutexLock lock(mutex_);
    if (!running_) return;
    asked_ = true;
    work_.notify_one();
    while (asked_ && running_) done_.wait(mutex_);
}

std::optional<Checkpointer::Failure> Checkpointer::take_failure() {
    const MutexLock lock(mutex_);
    return std::exchange(failure_, std::nullopt);
}

void Checkpointer::serve() {
    for (;;) {
        {
            const MutexLock lock(mutex_);
            while (!asked_ && !stopping_) work_.wait(mutex_);
            if (stopping_) {
                running_ = false;
                done_.notify_all();
                return;
            }
        }
        Result<int> left = 0;
        {
            const MutexLock lock(main_file_);
            left = connection_->checkpoint(false);
        }
        const MutexLock lock(mutex_);
        asked_ = false;
        done_.notify_all();
        if (!left) failure_ = Failure{.trouble = connection_->take_trouble(), .error = std::move(left).error()};
    }
}

}  // namespace bursar::store
