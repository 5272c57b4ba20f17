#include "service/edge/readiness.h"

#include <algorithm>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

namespace bursar::edge {
namespace {

/// So many descriptors are served before timers and posted work have their turn again.
constexpr std::size_t events_per_turn_max = 128;

using Side = Descriptor::Side;

}  // namespace

/// One per shard: the epoll set of its descriptors. The set is itself a descriptor in Asio's, which is asked once per
/// turn of the loop, however many sockets have something to tell. A service of the io_context, since that is what knows
/// when nothing will be called any more.
class Readiness final : public asio::execution_context::service {
  public:
    using key_type = Readiness;
    static asio::execution_context::id id;

    /// Throws where the process has no descriptor left, as io_context does.
    explicit Readiness(asio::io_context& shard)
        : asio::execution_context::service(shard), shard_(shard), set_(shard, ::epoll_create1(EPOLL_CLOEXEC)) {}

    void add(Descriptor& descriptor);
    void remove(Descriptor& descriptor);
    void call_soon(Descriptor& descriptor);

  private:
    void shutdown() override;
    void arm();
    void turn();
    void tell(std::size_t place);
    void call_those_due();
    void call(std::size_t place);

    asio::io_context& shard_;
    asio::posix::stream_descriptor set_;
    std::vector<Descriptor*> all_;  ///< in no order; each knows its place
    std::vector<Descriptor*> soon_;
    // Whose turn it is. Any of them may go while another is called: it is taken out then.
    std::vector<epoll_event> events_ = std::vector<epoll_event>(events_per_turn_max);
    std::size_t events_now_ = 0;
    std::vector<Descriptor*> calling_;
    bool armed_ = false;
};

asio::execution_context::id Readiness::id;

void Readiness::add(Descriptor& descriptor) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &descriptor}};
    if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, descriptor.number_, &event) != 0) return;
    descriptor.place_ = all_.size();
    all_.push_back(&descriptor);
    arm();
}

void Readiness::remove(Descriptor& descriptor) {
    if (descriptor.is_watched()) {
        ::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, descriptor.number_, nullptr);
        all_[descriptor.place_] = all_.back();
        all_[descriptor.place_]->place_ = descriptor.place_;
        all_.pop_back();
        descriptor.place_ = Descriptor::nowhere;
    }
    for (std::size_t i = 0; i < events_now_; ++i)
        if (events_[i].data.ptr == &descriptor) events_[i].data.ptr = nullptr;
    std::ranges::replace(calling_, &descriptor, nullptr);
    if (descriptor.called_soon_) std::ranges::replace(soon_, &descriptor, nullptr);
    descriptor.called_soon_ = false;
    // Or the io_context would wait for what cannot come.
    boost::system::error_code ignored;
    if (all_.empty() && armed_) set_.cancel(ignored);
}

void Readiness::arm() {
    if (armed_ || all_.empty()) return;
    armed_ = true;
    // Asio looks whether there is something already: what did not fit into a turn has the next one.
    set_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code&) {
        armed_ = false;
        turn();
        arm();
    });
}

void Readiness::turn() {
    const int count = ::epoll_wait(set_.native_handle(), events_.data(), static_cast<int>(events_.size()), 0);
    events_now_ = static_cast<std::size_t>(std::max(count, 0));
    for (std::size_t i = 0; i < events_now_; ++i) tell(i);
    events_now_ = 0;
}

void Readiness::tell(std::size_t place) {
    const epoll_event& event = events_[place];
    if (event.data.ptr == nullptr) return;
    Descriptor& descriptor = *static_cast<Descriptor*>(event.data.ptr);
    constexpr std::uint32_t over = EPOLLHUP | EPOLLERR;
    if ((event.events & (EPOLLRDHUP | over)) != 0) descriptor.hung_up_ = true;
    if ((event.events & (EPOLLIN | EPOLLRDHUP | over)) != 0) descriptor.at(Side::read).may_be_ready = true;
    if ((event.events & (EPOLLOUT | over)) != 0) descriptor.at(Side::write).may_be_ready = true;
    descriptor.call_if_ready(Side::read);
    if (event.data.ptr != nullptr) descriptor.call_if_ready(Side::write);
}

void Readiness::call_soon(Descriptor& descriptor) {
    if (std::exchange(descriptor.called_soon_, true)) return;
    soon_.push_back(&descriptor);
    if (soon_.size() == 1) asio::post(shard_, [this] { call_those_due(); });
}

void Readiness::call_those_due() {
    calling_.swap(soon_);
    for (std::size_t i = 0; i < calling_.size(); ++i)
        if (calling_[i] != nullptr) call(i);
    calling_.clear();
}

void Readiness::call(std::size_t place) {
    Descriptor& descriptor = *calling_[place];
    descriptor.called_soon_ = false;
    const bool in_vain = std::exchange(descriptor.woken_, false) || !descriptor.is_watched();
    for (const Side side : {Side::read, Side::write}) {
        if (calling_[place] == nullptr) return;
        if (!in_vain)
            descriptor.call_if_ready(side);
        else if (Descriptor::Then then = descriptor.take(side))
            then(false);
    }
}

/// Whoever waits owns what waits, often the descriptor too: dropped here, or nobody would.
void Readiness::shutdown() {
    armed_ = false;
    std::vector<Descriptor::Then> dropped;
    for (const std::vector<Descriptor*>* list : {&all_, &soon_})
        for (Descriptor* descriptor : *list)
            if (descriptor != nullptr)
                for (const Side side : {Side::read, Side::write}) dropped.push_back(descriptor->take(side));
}

Descriptor::Descriptor(asio::io_context& shard, int number)
    : readiness_(asio::use_service<Readiness>(shard)), halves_{{{nullptr, false}, {nullptr, true}}}, number_(number) {
    readiness_.add(*this);
}

void Descriptor::when(Side side, Then then) {
    at(side).then = std::move(then);
    if (at(side).then && (at(side).may_be_ready || !is_watched())) readiness_.call_soon(*this);
}

void Descriptor::wake() {
    woken_ = true;
    readiness_.call_soon(*this);
}

void Descriptor::call_if_ready(Side side) {
    if (!at(side).may_be_ready) return;
    if (Then then = take(side)) then(true);
}

void Descriptor::close() {
    readiness_.remove(*this);
    if (number_ >= 0) ::close(std::exchange(number_, -1));
}

}  // namespace bursar::edge
