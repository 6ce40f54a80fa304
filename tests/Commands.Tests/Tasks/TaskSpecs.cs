using Events.Commands.Deciding;
using Events.Commands.Projects;
using Events.Commands.Tasks;
using Events.Commands.Tests.Deciding;
using Shouldly;
using Xunit;

namespace Events.Commands.Tests.Tasks;

public sealed class TaskSpecs
{
    private const string Me = "01938f5e-0000-7000-8000-0000000000aa";
    private static readonly Guid Task1 = Guid.Parse("01938f5e-0000-7000-8000-000000000001");
    private static readonly Guid Task2 = Guid.Parse("01938f5e-0000-7000-8000-000000000002");
    private static readonly Guid Web = Guid.Parse("01938f5e-0000-7000-8000-0000000000f0");
    private static readonly Guid Ann = Guid.Parse("01938f5e-0000-7000-8000-0000000000a1");
    private static readonly Guid Item = Guid.Parse("01938f5e-0000-7000-8000-0000000000c1");
    private static readonly TaskCreated Created = new(
        Web, 12, "WEB-12", "Write the notes", null, WorkStatus.Todo, Priority.None, null, ["docs"], null, null, null, Rank.OfNumber(12));

    private static readonly TaskFacts Facts = new(Me) { TaskId = Task1 };

    private static Spec<TaskState> Task { get; } = new(TaskState.Initial, TaskState.Evolve);

    private static Func<TaskState, Decision> Ask(TaskCommand command, TaskFacts? facts = null) => task => command.Decide(task, facts ?? Facts);

    [Fact]
    public void A_title_is_changed() =>
        Task.Given(Created).When(Ask(new RetitleTask("Write them"))).Then(new TaskRetitled("Write the notes", "Write them"));

    [Fact]
    public void A_title_that_it_has_already_changes_nothing() =>
        Task.Given(Created).When(Ask(new RetitleTask("Write the notes"))).ThenNothing();

    [Fact]
    public void A_description_comes_and_goes()
    {
        Task.Given(Created).When(Ask(new DescribeTask("*All* of them"))).Then(new TaskDescriptionChanged("*All* of them"));
        Task.Given(Created, new TaskDescriptionChanged("x")).When(Ask(new DescribeTask(null))).Then(new TaskDescriptionChanged(null));
    }

    [Fact]
    public void Completing_a_task_twice_records_it_once()
    {
        Task.Given(Created).When(Ask(new ChangeTaskStatus(WorkStatus.Done))).Then(new TaskStatusChanged(WorkStatus.Todo, WorkStatus.Done));
        Task.Given(Created, new TaskStatusChanged(WorkStatus.Todo, WorkStatus.Done)).When(Ask(new ChangeTaskStatus(WorkStatus.Done))).ThenNothing();
    }

    [Fact]
    public void A_priority_is_set() =>
        Task.Given(Created).When(Ask(new PrioritiseTask(Priority.Urgent))).Then(new TaskPrioritised(Priority.None, Priority.Urgent));

    [Fact]
    public void A_stranger_is_neither_assigned_nor_made_to_watch()
    {
        var facts = Facts with { Strangers = [Ann] };
        Task.Given(Created).When(Ask(new AssignTask(Ann), facts)).ThenRefuses("assignee_not_found");
        Task.Given(Created, new TaskAssigned(null, Ann)).When(Ask(new AssignTask(Ann), facts)).ThenNothing();
        Task.Given(Created, new TaskAssigned(null, Ann)).When(Ask(new AssignTask(null), facts)).Then(new TaskAssigned(Ann, null));
        Task.Given(Created).When(Ask(new WatchTask(Ann), facts)).ThenRefuses("person_not_found");
        Task.Given(Created, new TaskAssigned(Ann, null)).When(Ask(new UndoTaskChange([new TaskAssigned(Ann, null)], TaskState.Evolve(TaskState.Initial, Created)), facts)).ThenRefuses("assignee_not_found");
    }

    [Fact]
    public void A_change_of_several_members_is_undone_whole_or_not_at_all()
    {
        object[] change = [new TaskRetitled("Write the notes", "Write them"), new TaskStatusChanged(WorkStatus.Todo, WorkStatus.Done), new TaskLabelled("later")];
        var before = TaskState.Evolve(TaskState.Initial, Created);
        var undo = new UndoTaskChange(change, before);
        Task.Given([Created, .. change]).When(Ask(undo)).Then(
            new TaskUnlabelled("later"), new TaskStatusChanged(WorkStatus.Done, WorkStatus.Todo), new TaskRetitled("Write them", "Write the notes"));
        Task.Given([Created, .. change, new TaskRetitled("Write them", "Write all of them")]).When(Ask(undo)).ThenRefuses("changed_since");
    }

    [Fact]
    public void An_item_that_was_put_back_already_is_not_put_back_again()
    {
        var added = new ChecklistItemAdded(Item, "Ask");
        var removed = new ChecklistItemRemoved(Item);
        var undo = new UndoTaskChange([removed], new[] { Created, (object)added }.Aggregate(TaskState.Initial, TaskState.Evolve));
        Task.Given(Created, added, removed).When(Ask(undo)).Then(added);
        Task.Given(Created, added, removed, added).When(Ask(undo)).ThenNothing();
    }

    [Fact]
    public void An_item_that_was_put_back_as_done_goes_again_by_one_undo()
    {
        object[] change = [new ChecklistItemAdded(Item, "Ask"), new ChecklistItemChanged(Item, "Ask", true)];
        Task.Given([Created, .. change]).When(Ask(new UndoTaskChange(change, TaskState.Evolve(TaskState.Initial, Created)))).Then(
            new ChecklistItemChanged(Item, "Ask", false), new ChecklistItemRemoved(Item));
    }

    [Fact]
    public void A_task_goes_from_one_person_to_another()
    {
        Task.Given(Created).When(Ask(new AssignTask(Ann))).Then(new TaskAssigned(null, Ann));
        Task.Given(Created, new TaskAssigned(null, Ann)).When(Ask(new AssignTask(null))).Then(new TaskAssigned(Ann, null));
    }

    [Fact]
    public void A_label_is_put_on_once_and_taken_off_once()
    {
        Task.Given(Created).When(Ask(new LabelTask("urgent"))).Then(new TaskLabelled("urgent"));
        Task.Given(Created).When(Ask(new LabelTask("docs"))).ThenNothing();
        Task.Given(Created).When(Ask(new UnlabelTask("docs"))).Then(new TaskUnlabelled("docs"));
        Task.Given(Created).When(Ask(new UnlabelTask("urgent"))).ThenNothing();
    }

    [Fact]
    public void Labels_have_a_limit() =>
        Task.Given(Created with { Labels = [.. Enumerable.Range(0, Limits.LabelsOfTask).Select(i => $"l{i}")] })
            .When(Ask(new LabelTask("one more"))).ThenRefuses("too_many_labels");

    [Fact]
    public void A_set_of_labels_becomes_an_event_for_each_that_comes_or_goes()
    {
        Task.Given(Created).When(Ask(new RelabelTask(["api", "docs", "web"]))).Then(new TaskLabelled("api"), new TaskLabelled("web"));
        Task.Given(Created).When(Ask(new RelabelTask(["api"]))).Then(new TaskUnlabelled("docs"), new TaskLabelled("api"));
        Task.Given(Created).When(Ask(new RelabelTask(["docs"]))).ThenNothing();
    }

    [Fact]
    public void A_due_date_is_set_and_removed()
    {
        var friday = new DateOnly(2026, 11, 27);
        Task.Given(Created).When(Ask(new ScheduleTask(friday))).Then(new TaskScheduled(null, friday));
        Task.Given(Created, new TaskScheduled(null, friday)).When(Ask(new ScheduleTask(null))).Then(new TaskScheduled(friday, null));
    }

    [Fact]
    public void An_estimate_is_given() =>
        Task.Given(Created).When(Ask(new EstimateTask(2.5m))).Then(new TaskEstimated(null, 2.5m));

    [Fact]
    public void A_place_on_the_board_is_given() =>
        Task.Given(Created).When(Ask(new RankTask("h"))).Then(new TaskReranked("h"));

    [Theory]
    [InlineData("c", "h", "eci")]
    [InlineData(null, "h", "8ci")]
    [InlineData("c", null, "oci")]
    [InlineData("c", "d", "cici")]
    public void A_task_is_put_between_two_others(string? behind, string? ahead, string rank) =>
        Task.Given(Created, new TaskReranked(ahead is null ? "b" : "z")).When(Ask(Placing(behind, ahead), Between(behind, ahead))).Then(new TaskReranked(rank));

    [Fact]
    public void A_task_that_stands_there_already_stays()
    {
        Task.Given(Created, new TaskReranked("e")).When(Ask(Placing("c", "h"), Between("c", "h"))).ThenNothing();
        Task.Given(Created, new TaskReranked("e")).When(Ask(Placing("c", null), Between("c", null))).ThenNothing();
    }

    [Fact]
    public void Neighbours_must_be_there_be_others_and_leave_a_place()
    {
        var given = Task.Given(Created, new TaskReranked("z"));
        given.When(Ask(Placing("c", "h"), Facts)).ThenRefuses("neighbour_not_found");
        given.When(Ask(new PlaceTask(Task1, null), Between("c", null))).ThenRefuses("next_to_itself");
        given.When(Ask(Placing("h", "c"), Between("h", "c"))).ThenRefuses("neighbours_out_of_order");
        given.When(Ask(Placing("c", "c"), Between("c", "c"))).ThenRefuses("neighbours_out_of_order");
        given.When(Ask(Placing("c", null), Facts with { Behind = new RankNeighbour(Task2, "c") })).ThenRefuses("neighbour_in_other_project");
        var (low, high) = (new string('h', 63) + "1", new string('h', 63) + "2");
        given.When(Ask(Placing(low, high), Between(low, high))).ThenRefuses("no_room");
    }

    private static PlaceTask Placing(string? behind, string? ahead) => new(behind is null ? null : Task2, ahead is null ? null : Ann);

    private static TaskFacts Between(string? behind, string? ahead) => Facts with
    {
        Behind = behind is null ? null : new RankNeighbour(Web, behind),
        Ahead = ahead is null ? null : new RankNeighbour(Web, ahead),
    };

    [Fact]
    public void A_task_becomes_a_subtask_of_another_in_its_project()
    {
        var parent = Task.Given(Created).When(Ask(new RetitleTask("Parent"))).Then(new TaskRetitled("Write the notes", "Parent"));
        Task.Given(Created).When(Ask(new ReparentTask(Task2), Facts with { Parent = [new Ancestor(Task2, parent, 1)] })).Then(new TaskReparented(null, Task2));
    }

    [Fact]
    public void A_parent_must_exist() =>
        Task.Given(Created).When(Ask(new ReparentTask(Task2))).ThenRefuses("parent_not_found");

    [Fact]
    public void A_parent_is_of_the_same_project() =>
        Task.Given(Created).When(Ask(new ReparentTask(Task2), Facts with { Parent = [new Ancestor(Task2, TaskState.Initial, 1)] })).ThenRefuses("parent_in_other_project");

    [Fact]
    public void A_task_cannot_come_below_itself()
    {
        var state = TaskState.Evolve(TaskState.Initial, Created);
        Task.Given(Created).When(Ask(new ReparentTask(Task2), Facts with { Parent = [new Ancestor(Task2, state, 1), new Ancestor(Task1, state, 1)] })).ThenRefuses("parent_cycle");
        Task.Given(Created).When(Ask(new ReparentTask(Task1), Facts with { Parent = [new Ancestor(Task1, state, 1)] })).ThenRefuses("parent_cycle");
    }

    [Fact]
    public void Nesting_has_a_limit()
    {
        var state = TaskState.Evolve(TaskState.Initial, Created);
        var line = Enumerable.Range(2, Limits.ParentDepth + 1).Select(i => new Ancestor(Guid.Parse($"01938f5e-0000-7000-8000-{i:D12}"), state, 1)).ToList();
        Task.Given(Created).When(Ask(new ReparentTask(line[0].Id), Facts with { Parent = line })).ThenRefuses("parent_too_deep");
    }

    [Fact]
    public void Tasks_are_linked_once_and_unlinked_once()
    {
        var linked = new TaskLinked(LinkKind.Blocks, Task2);
        Task.Given(Created).When(Ask(new LinkTask(LinkKind.Blocks, Task2))).Then(linked);
        Task.Given(Created, linked).When(Ask(new LinkTask(LinkKind.Blocks, Task2))).ThenNothing();
        Task.Given(Created, linked).When(Ask(new UnlinkTask(LinkKind.Blocks, Task2))).Then(new TaskUnlinked(LinkKind.Blocks, Task2));
        Task.Given(Created).When(Ask(new UnlinkTask(LinkKind.Blocks, Task2))).ThenNothing();
    }

    [Fact]
    public void A_link_leads_to_another_task_that_exists()
    {
        Task.Given(Created).When(Ask(new LinkTask(LinkKind.Relates, Task1))).ThenRefuses("link_to_itself");
        Task.Given(Created).When(Ask(new LinkTask(LinkKind.Relates, Task2), Facts with { OtherExists = false })).ThenRefuses("linked_task_not_found");
    }

    [Fact]
    public void Tasks_do_not_block_each_other_in_a_ring()
    {
        var ring = Facts with { LinkedOn = [(Task2, 3), (Task1, 2)] };
        Task.Given(Created).When(Ask(new LinkTask(LinkKind.Blocks, Task2), ring)).ThenRefuses("link_cycle");
        Task.Given(Created).When(Ask(new LinkTask(LinkKind.Blocks, Task2), Facts with { LinkedOn = [(Task2, 3)] })).Then(new TaskLinked(LinkKind.Blocks, Task2));
        Task.Given(Created, new TaskLinked(LinkKind.Blocks, Task2)).When(Ask(new LinkTask(LinkKind.Blocks, Task2), ring)).ThenNothing();
    }

    [Fact]
    public void A_checklist_item_is_added_ticked_off_and_removed()
    {
        var added = new ChecklistItemAdded(Item, "Ask Ann");
        Task.Given(Created).When(Ask(new AddChecklistItem(Item, "Ask Ann"))).Then(added);
        Task.Given(Created, added).When(Ask(new AddChecklistItem(Item, "Ask Ann"))).ThenRefuses("checklist_item_exists");
        Task.Given(Created, added).When(Ask(new AddChecklistItem(Item, "Ask Bob"))).ThenRefuses("checklist_item_exists");
        Task.Given(Created, added).When(Ask(new ChangeChecklistItem(Item, null, true))).Then(new ChecklistItemChanged(Item, "Ask Ann", true));
        Task.Given(Created, added).When(Ask(new ChangeChecklistItem(Item, "Ask Ann", false))).ThenNothing();
        Task.Given(Created).When(Ask(new ChangeChecklistItem(Item, null, true))).ThenRefuses("checklist_item_not_found");
        Task.Given(Created, added).When(Ask(new RemoveChecklistItem(Item))).Then(new ChecklistItemRemoved(Item));
        Task.Given(Created).When(Ask(new RemoveChecklistItem(Item))).ThenNothing();
    }

    [Fact]
    public void A_comment_is_edited_by_its_author_only()
    {
        var mine = new CommentAdded(Item, "Done?", Me);
        var theirs = new CommentAdded(Item, "Done?", "another");
        Task.Given(Created).When(Ask(new AddComment(Item, "Done?"))).Then(mine);
        Task.Given(Created, mine).When(Ask(new AddComment(Item, "Done?"))).ThenRefuses("comment_exists");
        Task.Given(Created, theirs).When(Ask(new AddComment(Item, "Done?"))).ThenRefuses("comment_exists");
        Task.Given(Created, mine).When(Ask(new EditComment(Item, "Done!"))).Then(new CommentEdited(Item, "Done!"));
        Task.Given(Created, theirs).When(Ask(new EditComment(Item, "Done!"))).ThenRefuses("not_the_author");
        Task.Given(Created).When(Ask(new EditComment(Item, "Done!"))).ThenRefuses("comment_not_found");
    }

    [Fact]
    public void A_comment_is_deleted_by_its_author_or_a_moderator()
    {
        var theirs = new CommentAdded(Item, "Done?", "another");
        Task.Given(Created, theirs).When(Ask(new DeleteComment(Item))).ThenRefuses("not_the_author");
        Task.Given(Created, theirs).When(Ask(new DeleteComment(Item), Facts with { MayModerate = true })).Then(new CommentDeleted(Item));
        Task.Given(Created).When(Ask(new DeleteComment(Item))).ThenNothing();
    }

    [Fact]
    public void People_watch_and_stop_watching()
    {
        Task.Given(Created).When(Ask(new WatchTask(Ann))).Then(new TaskWatched(Ann));
        Task.Given(Created, new TaskWatched(Ann)).When(Ask(new WatchTask(Ann))).ThenNothing();
        Task.Given(Created, new TaskWatched(Ann)).When(Ask(new UnwatchTask(Ann))).Then(new TaskUnwatched(Ann));
        Task.Given(Created).When(Ask(new UnwatchTask(Ann))).ThenNothing();
    }

    [Fact]
    public void An_archived_task_does_not_change_until_it_is_taken_out()
    {
        Task.Given(Created).When(Ask(new ArchiveTask())).Then(new TaskArchived());
        Task.Given(Created, new TaskArchived()).When(Ask(new ArchiveTask())).ThenNothing();
        Task.Given(Created, new TaskArchived()).When(Ask(new RetitleTask("New"))).ThenRefuses("task_archived");
        Task.Given(Created, new TaskArchived()).When(Ask(new UnarchiveTask())).Then(new TaskUnarchived());
        Task.Given(Created).When(Ask(new UnarchiveTask())).ThenNothing();
    }

    [Fact]
    public void A_deleted_task_does_nothing_but_come_back()
    {
        Task.Given(Created).When(Ask(new DeleteTask())).Then(new TaskDeleted());
        Task.Given(Created, new TaskDeleted()).When(Ask(new DeleteTask())).ThenNothing();
        Task.Given(Created, new TaskDeleted()).When(Ask(new RetitleTask("New"))).ThenRefuses("task_deleted");
        Task.Given(Created, new TaskDeleted()).When(Ask(new ArchiveTask())).ThenRefuses("task_deleted");
        Task.Given(Created, new TaskDeleted()).When(Ask(new UnarchiveTask())).ThenRefuses("task_deleted");
        Task.Given(Created, new TaskDeleted()).When(Ask(new RestoreTask())).Then(new TaskRestored());
        Task.Given(Created).When(Ask(new RestoreTask())).ThenNothing();
    }

    [Fact]
    public void A_patch_is_granted_whole_or_not_at_all()
    {
        Task.Given(Created)
            .When(Ask(new ChangeTask([new RetitleTask("New"), new ChangeTaskStatus(WorkStatus.Done), new PrioritiseTask(Priority.None)])))
            .Then(new TaskRetitled("Write the notes", "New"), new TaskStatusChanged(WorkStatus.Todo, WorkStatus.Done));
        Task.Given(Created).When(Ask(new ChangeTask([new RetitleTask("New"), new ReparentTask(Task2)]))).ThenRefuses("parent_not_found");
        Task.Given(Created).When(Ask(new ChangeTask([]))).ThenNothing();
    }

    [Fact]
    public void A_task_is_created_with_its_project_s_key_and_the_next_number()
    {
        var project = ProjectState.Evolve(ProjectState.Initial, new ProjectCreated("WEB", "Website", null, null, null, null));
        var command = new CreateTask(Task1, Web, "Write the notes") { Labels = ["docs"] };
        Task.Given().When(_ => command.Decide(project, Facts, 12)).Then(Created);
    }

    [Fact]
    public void A_task_needs_a_project_that_is_there_and_open()
    {
        var command = new CreateTask(Task1, Web, "Write the notes");
        Task.Given().When(_ => command.Decide(ProjectState.Initial, Facts, 1)).ThenRefuses("project_not_found");
        var archived = ProjectState.Evolve(ProjectState.Evolve(ProjectState.Initial, new ProjectCreated("WEB", "Website", null, null, null, null)), new ProjectArchived());
        Task.Given().When(_ => command.Decide(archived, Facts, 1)).ThenRefuses("project_archived");
    }

    [Theory]
    [InlineData("", "required")]
    [InlineData("   ", "required")]
    [InlineData("with a \0 in it", "malformed_text")]
    public void A_title_that_cannot_be_is_named(string title, string code)
    {
        var errors = default(FieldErrors);
        new RetitleTask(title).Validate(ref errors);
        errors.Found.ShouldHaveSingleItem().ShouldSatisfyAllConditions(e => e.Pointer.ShouldBe("/title"), e => e.Code.ShouldBe(code));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_no_text()
    {
        WellFormedText.Is("half a pair \ud83d").ShouldBeFalse();
        WellFormedText.Is("\ude00 half a pair").ShouldBeFalse();
        WellFormedText.Is("a whole one \ud83d\ude00").ShouldBeTrue();
    }

    [Fact]
    public void Everything_wrong_with_a_new_task_is_named_at_once()
    {
        var errors = default(FieldErrors);
        new CreateTask(Task1, Web, new string('x', Limits.Title + 1))
        {
            Labels = ["a", "a", ""],
            DueOn = new DateOnly(9999, 12, 31),
            Estimate = -1,
        }.Validate(ref errors);
        errors.Found.Select(e => (e.Pointer, e.Code)).ShouldBe(
            [("/title", "too_long"), ("/labels/1", "duplicate"), ("/labels/2", "required"), ("/dueOn", "out_of_range"), ("/estimate", "out_of_range")]);
    }
}
