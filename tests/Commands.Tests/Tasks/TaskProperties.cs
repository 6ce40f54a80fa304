using Events.Commands.Deciding;
using Events.Commands.Tasks;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Events.Commands.Tests.Tasks;

public sealed class TaskProperties
{
    private static readonly Guid[] Ids = [.. Enumerable.Range(1, 4).Select(i => Guid.Parse($"01938f5e-0000-7000-8000-{i:D12}"))];
    private static readonly string[] Words = ["alpha", "beta", "gamma", "delta"];
    private static readonly TaskFacts Facts = new("me") { TaskId = Ids[0] };
    private static readonly TaskState Fresh = TaskState.Evolve(
        TaskState.Initial,
        new TaskCreated(Ids[3], 1, "WEB-1", "alpha", null, WorkStatus.Todo, Priority.None, null, [], null, null, null, Rank.OfNumber(1)));

    private static readonly Gen<Guid> Id = Gen.Elements(Ids);
    private static readonly Gen<string> Word = Gen.Elements(Words);

    private static readonly Gen<TaskCommand> Command = Gen.OneOf(
        Word.Select(w => (TaskCommand)new RetitleTask(w)),
        Word.Select(w => (TaskCommand)new DescribeTask(w == "alpha" ? null : w)),
        Gen.Elements(Enum.GetValues<WorkStatus>()).Select(s => (TaskCommand)new ChangeTaskStatus(s)),
        Gen.Elements(Enum.GetValues<Priority>()).Select(p => (TaskCommand)new PrioritiseTask(p)),
        Id.Select(i => (TaskCommand)new AssignTask(i == Ids[0] ? null : i)),
        Word.Select(w => (TaskCommand)new LabelTask(w)),
        Word.Select(w => (TaskCommand)new UnlabelTask(w)),
        Gen.SubListOf(Words).Select(l => (TaskCommand)new RelabelTask([.. l])),
        Gen.Choose(0, 3).Select(d => (TaskCommand)new ScheduleTask(d == 0 ? null : new DateOnly(2026, 1, d))),
        Gen.Choose(0, 3).Select(e => (TaskCommand)new EstimateTask(e == 0 ? null : e)),
        Gen.Elements("a", "b", "c").Select(r => (TaskCommand)new RankTask(r)),
        Id.Select(i => (TaskCommand)new LinkTask(LinkKind.Relates, i)),
        Id.Select(i => (TaskCommand)new UnlinkTask(LinkKind.Relates, i)),
        Id.SelectMany(_ => Word, (i, w) => (TaskCommand)new AddChecklistItem(i, w)),
        Id.SelectMany(_ => Word, (i, w) => (TaskCommand)new ChangeChecklistItem(i, w, true)),
        Id.Select(i => (TaskCommand)new RemoveChecklistItem(i)),
        Id.SelectMany(_ => Word, (i, w) => (TaskCommand)new AddComment(i, w)),
        Id.SelectMany(_ => Word, (i, w) => (TaskCommand)new EditComment(i, w)),
        Id.Select(i => (TaskCommand)new DeleteComment(i)),
        Id.Select(i => (TaskCommand)new WatchTask(i)),
        Id.Select(i => (TaskCommand)new UnwatchTask(i)),
        Gen.Elements<TaskCommand>(new ArchiveTask(), new UnarchiveTask(), new DeleteTask(), new RestoreTask(), new UnarchiveTask(), new RestoreTask()));

    private static readonly Arbitrary<List<TaskCommand>> Histories = Command.ListOf().ToArbitrary();

    private static (TaskState State, IReadOnlyList<object> Events) Run(TaskState state, TaskCommand command) =>
        command.Decide(state, Facts) is Decision.Accepted accepted
            ? (accepted.Events.Aggregate(state, TaskState.Evolve), accepted.Events)
            : (state, []);

    [Fact]
    public void A_repeated_command_changes_nothing() => Prop.ForAll(Histories, commands =>
    {
        var state = Fresh;
        foreach (var command in commands)
        {
            var (after, events) = Run(state, command);
            if (events.Count > 0 && command is AddComment or AddChecklistItem)
                command.Decide(after, Facts).ShouldBeOfType<Decision.Refused>($"{command} on {after}").Code.ShouldEndWith("_exists");
            else if (events.Count > 0)
                command.Decide(after, Facts).ShouldBeOfType<Decision.Unchanged>($"{command} on {after}");
            state = after;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Folding_all_at_once_is_folding_one_by_one() => Prop.ForAll(Histories, commands =>
    {
        var state = Fresh;
        var all = new List<object>();
        foreach (var command in commands)
        {
            (state, var events) = Run(state, command);
            all.AddRange(events);
        }

        var folded = all.Aggregate(Fresh, TaskState.Evolve);
        System.Text.Json.JsonSerializer.Serialize(folded).ShouldBe(System.Text.Json.JsonSerializer.Serialize(state));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_refusal_leaves_no_event_and_a_patch_equals_its_parts() => Prop.ForAll(Histories, commands =>
    {
        var parts = commands.Where(c => c is RetitleTask or DescribeTask or ChangeTaskStatus or PrioritiseTask or AssignTask or ScheduleTask or EstimateTask).ToList();
        var whole = new ChangeTask(parts).Decide(Fresh, Facts) is Decision.Accepted accepted ? accepted.Events.Aggregate(Fresh, TaskState.Evolve) : Fresh;
        var oneByOne = parts.Aggregate(Fresh, (state, part) => Run(state, part).State);
        whole.ShouldBe(oneByOne);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Between_two_ranks_there_is_always_a_third() => Prop.ForAll(Gen.Choose(0, 40).ListOf(30).ToArbitrary(), choices =>
    {
        var ranks = new List<string> { Rank.OfNumber(1), Rank.OfNumber(2) };
        foreach (var choice in choices)
        {
            var at = choice % (ranks.Count + 1);
            var rank = Rank.Between(at == 0 ? null : ranks[at - 1], at == ranks.Count ? null : ranks[at]);
            ranks.Insert(at, rank);
            Rank.IsValid(rank).ShouldBeTrue(rank);
        }

        ranks.ShouldBe(ranks.Order(StringComparer.Ordinal));
        ranks.Distinct(StringComparer.Ordinal).Count().ShouldBe(ranks.Count);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_place_of_its_own_lies_between_its_neighbours() => Prop.ForAll(Gen.Choose(0, 4_000).ListOf(30).ToArbitrary(), choices =>
    {
        var ranks = new List<string> { Rank.OfNumber(1), Rank.OfNumber(2) };
        foreach (var choice in choices)
        {
            var at = choice % (ranks.Count + 1);
            var (low, high) = (at == 0 ? null : ranks[at - 1], at == ranks.Count ? null : ranks[at]);
            var rank = Rank.OfPlace(low, high, choice + 1);
            rank.ShouldNotBe(Rank.OfPlace(low, high, choice + 2), "two tasks in one gap have places of their own");
            ranks.Insert(at, rank);
            Rank.IsValid(rank).ShouldBeTrue(rank);
        }

        ranks.ShouldBe(ranks.Order(StringComparer.Ordinal));
        ranks.Distinct(StringComparer.Ordinal).Count().ShouldBe(ranks.Count);
    }).QuickCheckThrowOnFailure();
}
