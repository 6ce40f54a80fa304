namespace Events.Http.Bodies;

/// <summary>What OpenAPI needs to know of a body.</summary>
public interface IBodyShape
{
    /// <summary>JSON Schema.</summary>
    string Schema { get; }

    /// <summary>A body that is accepted.</summary>
    string Example { get; }
}
