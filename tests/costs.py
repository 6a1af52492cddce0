"""What a test costs and needs, by its folder; and which files are to be begun first."""

from __future__ import annotations

# Everything else runs in the tests' own process, or in a few short ones.
MARKERS = {
    "boosters": ("slow",),
    "cli": ("slow",),
    "container": ("slow", "container"),
    "cpu": ("slow", "cpu"),
    "executors": ("slow",),
    "exports": ("slow",),
    "forking": ("slow",),
    "matrix": ("slow",),
    "mutations": ("slow",),
    "nix": ("slow", "nix"),
    "recording": ("slow",),
    "report": ("slow",),
}
# Files of the other folders whose tests start an interpreter each, or fetch and build something.
PROCESSES = (
    "api/test_functions.py",
    "api/test_seeds.py",
    "api/test_types.py",
    "app/test_one_door.py",
    "app/test_predict.py",
    "capture/fingerprint/",
    "capture/test_capture_environment.py",
    "datasets/test_adding_concurrently.py",
    "execution/",
    "fuzz/",
    "hostile/",
    "launch/test_seal",
    "lint/test_lint_command.py",
    "lock/",
    "test_bench.py",
    "test_gate_action.py",
    "test_python_guide.py",
    "test_readme.py",
    "test_workflows.py",
    "tracking/test_contents.py",
    "tracking/test_plugin.py",
    "tracking/test_records.py",
    "tracking/test_seeds.py",
    "tracking/test_sinks.py",
)
# A fixture that fetches something.
NETWORK = {"bench", "docker", "layout", "older"}
# Takes minutes by itself: emulates a processor or a different clock, installs every package for a
# different Python or system, trains dozens of times, or goes through many cases of which shorter
# tests have one. `make test` runs these; a check that has to be quick leaves them out.
LONG = (
    "api/test_types.py::test_a_program_of_a_user_passes_and_mistakes_are_found",
    "cli/test_comparing.py::test_a_planted_code_path_is_named_first",
    "cli/test_comparing.py::test_other_data_is_incomparable_and_parts_where_it_goes_in",
    "cli/test_comparing.py::test_what_training_is_proof_against_changes_nothing",
    "cli/test_composed.py::test_a_composed_estimator_trains_and_verifies_with_the_same_bits",
    "cli/test_doctor.py",
    "cli/test_explain.py",
    "cli/test_explain_debian.py",
    "cli/test_gate.py::test_a_run_without_intervals_asks_for_a_level",
    "cli/test_gate.py::test_a_sampled_reference_a_report_and_a_missing_run_are_no_question",
    "cli/test_gate.py::test_an_own_metric_runs_where_the_project_trusts_its_module",
    "cli/test_gate.py::test_an_own_metric_that_gives_other_values_than_it_gave_never_passes",
    "cli/test_gate.py::test_every_run_of_the_command_gives_the_same_bytes",
    "cli/test_gate.py::test_scores_without_probabilities_have_no_losses",
    "cli/test_json_schemas.py",
    "cli/test_level.py::test_a_hostile_environment_changes_no_byte",
    "cli/test_level.py::test_a_pin_that_did_not_take_is_an_error_that_names_it",
    "cli/test_level.py::test_a_worker_where_a_pin_did_not_take_is_an_error",
    "cli/test_level.py::test_what_the_caller_asks_in_vain_is_an_error_at_the_level_that_lets_it_in",
    "cli/test_level.py::test_what_was_kept_out_is_recorded_as_text_without_folders",
    "cli/test_many_targets.py::test_several_targets_give_one_table",
    "cli/test_messages.py",
    "cli/test_network.py",
    "cli/test_noise.py",
    "cli/test_own_modules.py::test_own_modules_are_found_and_recorded_and_no_other_is_run",
    "cli/test_planted_edits.py",
    "cli/test_planted_environment.py",
    "cli/test_search.py::test_a_training_that_was_killed_goes_on_to_the_same_bytes",
    "cli/test_splits.py::test_a_gate_resamples_the_patients_and_not_their_rows",
    "cli/test_sweep.py::test_all_runs_are_verified",
    "cli/test_sweep.py::test_a_training_that_fails_stops_no_other",
    "cli/test_sweep.py::test_an_interrupted_sweep_leaves_no_process_and_goes_on",
    "cli/test_sweep.py::test_what_has_a_run_is_not_trained_again",
    "cli/test_train.py::test_another_version_of_python_gives_the_same_bytes",
    "cli/test_train.py::test_eight_first_runs_started_at_once_all_succeed",
    "cli/test_train.py::test_every_family_trains",
    "cli/test_twelve_tables.py",
    "cli/test_verify.py::test_the_validation_script_saves_and_compares",
    "container/test_image_clock.py",
    "cpu/test_arm64.py",
    "execution/test_loaded_code.py::test_a_bare_module_among_the_packages_is_hashed",
    "execution/test_loaded_code.py::test_a_file_beside_the_estimator_is_named_and_not_loaded",
    "execution/test_loaded_code.py::test_a_file_that_was_left_out_is_not_dirty",
    "execution/test_loaded_code.py::test_a_hidden_change_of_another_file_is_dirty_and_not_loaded",
    "execution/test_loaded_code.py::test_a_module_that_the_commit_identifies_is_left_out_where_no_estimator_needs_it",
    "execution/test_loaded_code.py::test_a_nested_class_is_of_the_code",
    "execution/test_loaded_code.py::test_a_record_of_before_keeps_its_bytes",
    "execution/test_loaded_code.py::test_a_start_file_counts_where_it_hid_itself",
    "execution/test_loaded_code.py::test_an_archive_is_hashed_as_a_whole",
    "execution/test_loaded_code.py::test_an_edit_that_git_does_not_show_is_dirty",
    "execution/test_loaded_code.py::test_changed_files_of_a_submodule_are_hashed",
    "execution/test_loaded_code.py::test_names_do_not_depend_on_the_machine",
    "execution/test_loaded_code.py::test_packages_count_if_estimators_use_them",
    "execution/test_loaded_code.py::test_the_project_is_a_place_of_modules_by_declaration",
    "execution/test_loaded_code.py::test_what_the_environment_brings_is_unasked_for",
    "execution/test_variables_read.py::test_a_metric_that_reads_a_variable_is_explained",
    "forking/test_forking.py",
    "forking/test_measured.py",
    "fuzz/test_readers.py",
    "hostile/test_traced.py",
    "launch/test_seal.py::test_a_whole_training_runs_sealed_with_the_same_result",
    "lock/test_agreement.py::test_disagreeing_is_a_finding",
    "lock/test_agreement.py::test_making_both_again_changes_nothing",
    "matrix/test_matrix_runs.py",
    "mutations/test_mutants.py::test_an_unchanged_program_is_identical",
    "mutations/test_mutants.py::test_every_mutant_is_named",
    "recording/test_adapters.py",
    "recording/test_explaining.py",
    "recording/test_home.py",
    "recording/test_planted.py::test_a_file_more_in_a_folder_that_is_listed",
    "recording/test_planted.py::test_a_time_zone_and_a_locale",
    "recording/test_planted.py::test_an_own_module",
    "recording/test_planted.py::test_nothing_planted_is_identical",
    "recording/test_planted.py::test_the_order_of_a_set_where_the_level_leaves_it_free",
    "recording/test_planted.py::test_the_version_of_a_package",
    "recording/test_recording.py::test_workers_have_no_order_and_leave_none",
    "recording/test_scripts.py::test_without_a_seed_the_call_is_named",
    "recording/test_timings.py::test_timings_in_the_result_of_a_cross_validation_do_not_differ",
    "recording/test_transparency.py",
    "report/test_comparison_page.py",
    "report/test_private_values.py",
    "test_gate_action.py::test_a_base_of_a_commit_and_the_files_as_they_are_are_trained_and_compared",
    "test_python_guide.py::test_the_examples_hold",
    "test_readme.py::test_a_guide_is_what_its_commands_print",
    "test_workflows.py::test_actionlint_finds_nothing_but_what_is_planted",
    "tracking/test_callables.py",
    "tracking/test_ends.py::test_leaving_with_status_0_is_an_end",
    "tracking/test_guide.py::test_the_script",
    "tracking/test_plugin.py",
    "tracking/test_records.py::test_a_context_that_fails_says_so",
    "tracking/test_records.py::test_a_program_that_fails_says_so",
    "tracking/test_records.py::test_a_record_of_its_own_is_verified_compared_and_listed",
    "tracking/test_records.py::test_a_recorded_script_without_a_seed_names_the_call_too",
    "tracking/test_records.py::test_a_tracked_file_is_an_input",
    "tracking/test_records.py::test_code_without_a_command_cannot_be_run_again",
    "tracking/test_records.py::test_edited_code_is_named",
    "tracking/test_records.py::test_files_beside_the_script_are_the_trackers_own",
    "tracking/test_records.py::test_names_are_in_the_one_record_of_a_recorded_script",
    "tracking/test_records.py::test_the_first_named_thing_that_differs_without_a_seed",
    "tracking/test_records.py::test_what_was_tracked_before_a_kill_is_on_the_disk",
    "training/test_differences.py::test_intervals_cover_at_the_stated_rate_in_a_long_simulation",
    "training/test_early_stopping.py::test_workers_give_the_same_bits",
    "training/test_gating.py::test_an_interval_covers_a_known_effect_as_often_as_it_says",
    "training/test_honest_estimates.py::test_nested_folds_estimate_a_guess_where_there_is_nothing_to_learn",
    "training/test_keep.py::test_nothing_else_changes_and_no_worker_changes_it",
    "training/test_named_metrics.py::test_values_of_many_tables_are_those_of_a_reference",
    "training/test_wide_table.py::test_training_takes_less_than_three_times_the_memory_of_the_table",
)
# Files go to workers as a whole: one that takes minutes must not be the last to begin.
FIRST = (
    "container/test_image_clock.py",
    "cli/test_explain.py",
    "matrix/test_matrix_runs.py",
    "cli/test_verify.py",
    "container/",
    "cli/test_comparing.py",
    "cpu/",
    "recording/test_recording.py",
    "recording/test_repeating.py",
    "recording/",
    "tracking/test_records.py",
    "cli/",
    "nix/",
    "report/",
    "forking/",
)


def markers_of(path: str, name: str, fixtures: set[str]) -> set[str]:
    """Return the markers of a test, from its file below `tests`, its name and its fixtures.

    Examples
    --------
    >>> sorted(markers_of("container/test_image_clock.py", "test_it", {"bench"}))
    ['container', 'long', 'network', 'slow']
    >>> markers_of("lock/test_audit.py", "test_it", set())
    {'processes'}
    >>> markers_of("core/test_bits.py", "test_it", set())
    set()
    """
    folder = path.partition("/")[0]
    fetches = bool(NETWORK & fixtures) and folder in {"cli", "container"}
    long = path in LONG or f"{path}::{name.partition('[')[0]}" in LONG
    processes = path.startswith(PROCESSES)
    asked = (("network", fetches), ("long", long), ("processes", processes))
    more = [marker for marker, has in asked if has]
    return {*MARKERS.get(folder, ()), *more}


def place_of(path: str) -> int:
    """Return when a file is to be begun: a smaller number comes first."""
    return next((n for n, start in enumerate(FIRST) if path.startswith(start)), len(FIRST))
