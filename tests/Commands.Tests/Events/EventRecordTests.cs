using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Events.Commands.Projects;
using Events.Commands.Tasks;
using Events.EventStore;
using Shouldly;
using Xunit;

namespace Events.Commands.Tests.Events;

public sealed class EventRecordTests
{
    private static readonly IReadOnlyList<(string Alias, object Event, string Json)> All = [.. EventSamples.OfTasks, .. EventSamples.OfProjects, EventSamples.OfKeys];

    private static EventTypes Register()
    {
        var types = new EventTypes();
        EventRegister.AddTo(types);
        return types;
    }

    [Fact]
    public void Every_registered_event_has_a_sample() =>
        All.Select(s => s.Alias).Order(StringComparer.Ordinal).ShouldBe(Register().Aliases);

    [Fact]
    public void Every_alias_is_the_snake_case_of_its_type() =>
        All.ShouldAllBe(s => s.Alias == JsonNamingPolicy.SnakeCaseLower.ConvertName(s.Event.GetType().Name));

    [Fact]
    public void Every_event_is_written_as_its_sample_and_read_back()
    {
        var types = Register();
        foreach (var (alias, happened, json) in All)
        {
            var written = JsonSerializer.Serialize(happened, happened.GetType(), EventJson.Default);
            written.ShouldBe(json);
            types.TryRead(alias, Encoding.UTF8.GetBytes(json), out var read).ShouldBeTrue();
            JsonSerializer.Serialize(read, happened.GetType(), EventJson.Default).ShouldBe(json);
        }
    }

    // Other programs write to the same streams: what a decision or a view takes for given is there, or the event is none. What may be
    // null may be missing, as it is in events from before it was thought of.
    [Fact]
    public void Only_what_may_be_null_may_be_missing()
    {
        var types = Register();
        var nullability = new NullabilityInfoContext();
        foreach (var (alias, happened, json) in All)
        {
            foreach (var parameter in happened.GetType().GetConstructors().Single().GetParameters())
            {
                var optional = nullability.Create(parameter).WriteState == NullabilityState.Nullable;
                var member = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);
                var without = JsonNode.Parse(json)!.AsObject();
                without.Remove(member);
                var emptied = JsonNode.Parse(json)!.AsObject();
                emptied[member] = null;
                foreach (var data in (JsonObject[])[without, emptied])
                    (Record.Exception(() => types.TryRead(alias, Encoding.UTF8.GetBytes(data.ToJsonString()), out _)) is null).ShouldBe(optional, $"{alias} {data.ToJsonString()}");
            }
        }
    }

    [Fact]
    public void A_task_folds_every_one_of_its_events()
    {
        var task = EventSamples.OfTasks.Aggregate(TaskState.Initial, (state, sample) => TaskState.Evolve(state, sample.Event));
        task.Title.ShouldBe("New");
        task.Status.ShouldBe(WorkStatus.InReview);
        task.Links.ShouldBeEmpty();
        task.Comments.ShouldBeEmpty();
        task.IsDeleted.ShouldBeFalse();
    }

    [Fact]
    public void A_project_folds_every_one_of_its_events()
    {
        var project = EventSamples.OfProjects.Aggregate(ProjectState.Initial, (state, sample) => ProjectState.Evolve(state, sample.Event));
        project.Name.ShouldBe("Shop");
        project.Status.ShouldBe(ProjectStatus.Completed);
    }
}
