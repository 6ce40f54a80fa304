using System.Diagnostics;
using System.Text.Json.Serialization;
using Events.Commands.Reservations;
using Events.EventStore;

namespace Events.Workers.Enrichment;

// What a machine suggests for a task, and what people say to it: a stream of its own beside the task's, so that nothing of the
// task changes before somebody has accepted it.

/// <param name="Model">What made it, e.g. <c>extractive</c>.</param>
public sealed record SuggestionMade(Guid TaskId, string Summary, IReadOnlyList<string> Labels, string Model);

public sealed record SuggestionAccepted(string By);

public sealed record SuggestionDismissed(string By);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SuggestionMade))]
[JsonSerializable(typeof(SuggestionAccepted))]
[JsonSerializable(typeof(SuggestionDismissed))]
[JsonSerializable(typeof(EnrichTask))]
public sealed partial class EnrichmentJson : JsonSerializerContext;

public enum SuggestionStatus
{
    None,
    Open,
    Accepted,
    Dismissed,
}

public sealed record SuggestionState(SuggestionStatus Status, SuggestionMade? Made)
{
    public const string StreamType = "suggestion_state";

    public static SuggestionState Initial { get; } = new(SuggestionStatus.None, null);

    public static AggregateDefinition<SuggestionState> Aggregate { get; } = new(StreamType, Initial, Evolve);

    public static Guid StreamOf(Guid taskId) => ReservedName.StreamOf($"suggestion:{taskId:n}");

    public static void AddTo(EventTypes types) => types
        .Add("suggestion_made", EnrichmentJson.Default.SuggestionMade)
        .Add("suggestion_accepted", EnrichmentJson.Default.SuggestionAccepted)
        .Add("suggestion_dismissed", EnrichmentJson.Default.SuggestionDismissed);

    /// <summary>A newer suggestion replaces an older one, whatever was said to that.</summary>
    private static SuggestionState Evolve(SuggestionState state, object happened) => happened switch
    {
        SuggestionMade made => new SuggestionState(SuggestionStatus.Open, made),
        SuggestionAccepted => state with { Status = SuggestionStatus.Accepted },
        SuggestionDismissed => state with { Status = SuggestionStatus.Dismissed },
        _ => throw new UnreachableException($"A suggestion has no {happened.GetType().Name}."),
    };
}
