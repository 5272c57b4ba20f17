#include "policies/rules.h"

#include <utility>

namespace bursar::policies {
namespace {

std::shared_ptr<const Snapshot> numbered(const Snapshot& like, std::shared_ptr<const InForce> in_force,
                                         std::int64_t generation) {
    auto next = std::make_shared<Snapshot>(like);
    next->in_force = std::move(in_force);
    next->generation = generation;
    return next;
}

}  // namespace

Rules::Rules(std::shared_ptr<const Snapshot> first) : cell_(std::move(first)) {}

void Rules::put(std::shared_ptr<const Snapshot> revision) {
    const MutexLock lock(changing_);
    const auto current = cell_.get();
    if (current == nullptr || revision->revision > current->revision)
        cell_.set(numbered(*revision, current ? current->in_force : revision->in_force, ++generation_));
}

void Rules::change(const std::function<void(InForce&)>& change) {
    const MutexLock lock(changing_);
    const auto current = cell_.get();
    auto in_force = std::make_shared<InForce>(*current->in_force);
    change(*in_force);
    cell_.set(numbered(*current, std::move(in_force), ++generation_));
}

}  // namespace bursar::policies
