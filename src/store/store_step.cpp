#include "store/store_step.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace jackdaw::store {
namespace {

struct Named {
  StoreStep step;
  std::string_view name;
};

constexpr std::array kSteps = {
    Named{StoreStep::kOpenMigrated, "open_migrated"},
    Named{StoreStep::kOpenLogCut, "open_log_cut"},
    Named{StoreStep::kOpenSpoolEmptied, "open_spool_emptied"},
    Named{StoreStep::kOpenLeftoversCollected, "open_leftovers_collected"},
    Named{StoreStep::kAcceptBegun, "accept_begun"},
    Named{StoreStep::kAcceptFileSynced, "accept_file_synced"},
    Named{StoreStep::kAcceptOriginalMoved, "accept_original_moved"},
    Named{StoreStep::kAcceptOriginalKept, "accept_original_kept"},
    Named{StoreStep::kAcceptRowsWritten, "accept_rows_written"},
    Named{StoreStep::kAcceptCommitted, "accept_committed"},
    Named{StoreStep::kAcceptOriginalRemoved, "accept_original_removed"},
    Named{StoreStep::kBeginWritten, "begin_written"},
    Named{StoreStep::kBeginCommitted, "begin_committed"},
    Named{StoreStep::kCompleteBegun, "complete_begun"},
    Named{StoreStep::kCompleteOldDeleted, "complete_old_deleted"},
    Named{StoreStep::kCompletePagesWritten, "complete_pages_written"},
    Named{StoreStep::kCompleteChunksWritten, "complete_chunks_written"},
    Named{StoreStep::kCompleteRowsWritten, "complete_rows_written"},
    Named{StoreStep::kCompleteCommitted, "complete_committed"},
    Named{StoreStep::kCompleteOriginalRemoved, "complete_original_removed"},
    Named{StoreStep::kFailWritten, "fail_written"},
    Named{StoreStep::kFailCommitted, "fail_committed"},
    Named{StoreStep::kCancelWritten, "cancel_written"},
    Named{StoreStep::kCancelCommitted, "cancel_committed"},
    Named{StoreStep::kPutBackWritten, "put_back_written"},
    Named{StoreStep::kPutBackCommitted, "put_back_committed"},
    Named{StoreStep::kRetryWritten, "retry_written"},
    Named{StoreStep::kRetryCommitted, "retry_committed"},
    Named{StoreStep::kKeepPageWritten, "keep_page_written"},
    Named{StoreStep::kKeepPageCommitted, "keep_page_committed"},
    Named{StoreStep::kEditWritten, "edit_written"},
    Named{StoreStep::kEditCommitted, "edit_committed"},
    Named{StoreStep::kRemoveWritten, "remove_written"},
    Named{StoreStep::kRemoveCommitted, "remove_committed"},
    Named{StoreStep::kOriginalRemoved, "remove_original_removed"},
    Named{StoreStep::kLogCutting, "log_cutting"},
    Named{StoreStep::kLogCut, "log_cut"},
    Named{StoreStep::kAnswersWritten, "answers_written"},
    Named{StoreStep::kAnswersKept, "answers_kept"},
    Named{StoreStep::kAnswersForgotten, "answers_forgotten"},
    Named{StoreStep::kConversationWritten, "conversation_written"},
    Named{StoreStep::kConversationCommitted, "conversation_committed"},
    Named{StoreStep::kConversationRenameWritten, "conversation_rename_written"},
    Named{StoreStep::kConversationRenameCommitted, "conversation_rename_committed"},
    Named{StoreStep::kConversationRemoveWritten, "conversation_remove_written"},
    Named{StoreStep::kConversationRemoveCommitted, "conversation_remove_committed"},
    Named{StoreStep::kTurnWritten, "turn_written"},
    Named{StoreStep::kTurnCommitted, "turn_committed"},
    Named{StoreStep::kNewVectorsBegun, "new_vectors_begun"},
    Named{StoreStep::kNewVectorsWritten, "new_vectors_written"},
    Named{StoreStep::kNewVectorsKept, "new_vectors_kept"},
    Named{StoreStep::kNewVectorsUseWritten, "new_vectors_use_written"},
    Named{StoreStep::kNewVectorsUsed, "new_vectors_used"},
    Named{StoreStep::kBackupFolderMade, "backup_folder_made"},
    Named{StoreStep::kBackupOriginalsLinked, "backup_originals_linked"},
    Named{StoreStep::kBackupDatabaseCopied, "backup_database_copied"},
    Named{StoreStep::kBackupSynced, "backup_synced"},
    Named{StoreStep::kBackupWritten, "backup_written"},
};

constexpr auto kAll = [] {
  std::array<StoreStep, kSteps.size()> steps{};
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = kSteps[i].step;
  return steps;
}();

static_assert([] {
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    if (static_cast<std::size_t>(kSteps[i].step) != i) return false;
  }
  return kSteps.size() == static_cast<std::size_t>(StoreStep::kBackupWritten) + 1;
}());

}  // namespace

std::string_view to_string(StoreStep step) noexcept {
  return kSteps[static_cast<std::size_t>(step)].name;
}

std::optional<StoreStep> store_step_from(std::string_view name) noexcept {
  const auto found =
      std::find_if(kSteps.begin(), kSteps.end(), [name](const Named& each) { return each.name == name; });
  return found == kSteps.end() ? std::nullopt : std::optional(found->step);
}

std::span<const StoreStep> all_store_steps() noexcept {
  return kAll;
}

}  // namespace jackdaw::store
