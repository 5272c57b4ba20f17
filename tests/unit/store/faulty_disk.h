#pragma once

#include <atomic>

namespace bursar::store {

/// Stands between SQLite and the file system for the whole program, and lets the Nth write or sync of a database or its
/// log fail. Until it is armed it passes everything through.
class FaultyDisk {
  public:
    enum class Operation { write, sync };

    static FaultyDisk& installed();
    /// The `nth` operation from now on (1 is the next), and all after it, fail with this code of SQLite.
    void fail_from(Operation operation, int nth, int code);
    void heal();
    bool has_failed() const { return failed_; }

    /// For the file functions: the code to return, or 0 to pass on.
    int judge(Operation operation);

  private:
    std::atomic<bool> armed_ = false;
    std::atomic<bool> failed_ = false;
    std::atomic<int> left_ = 0;
    std::atomic<int> code_ = 0;
    std::atomic<Operation> operation_ = Operation::write;
};

}  // namespace bursar::store
