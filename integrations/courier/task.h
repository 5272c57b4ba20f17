#pragma once

#include "service/base/ensure.h"

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace bursar::courier {

/// What will be a T: a coroutine that begins when it is awaited, and goes on where its awaiter left off. One thread.
template <typename T>
class [[nodiscard]] Task {
  public:
    struct promise_type {
        /// At the end the awaiter goes on, without a frame of ours on the stack.
        struct End {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) const noexcept {
                return ended.promise().awaiter;
            }
            void await_resume() const noexcept {}
        };
        Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        End final_suspend() const noexcept { return {}; }
        void return_value(T result) { value.emplace(std::move(result)); }
        void unhandled_exception() const noexcept { std::terminate(); }

        std::coroutine_handle<> awaiter = std::noop_coroutine();
        std::optional<T> value;
    };

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
        handle_.promise().awaiter = awaiter;
        return handle_;
    }
    T await_resume() {
        ENSURE(handle_.promise().value.has_value());
        return *std::move(handle_.promise().value);
    }

  private:
    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    std::coroutine_handle<promise_type> handle_;
};

/// A coroutine that nobody awaits: it begins at once and frees itself at its end.
struct Alone {
    struct promise_type {
        Alone get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

/// Begins the task; `done` gets what it ends with.
template <typename T>
Alone begin(Task<T> task, std::function<void(T)> done) {
    T result = co_await task;
    done(std::move(result));
}

}  // namespace bursar::courier
