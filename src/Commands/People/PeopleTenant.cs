using Events.Platform.Tenancy;

namespace Events.Commands.People;

/// <summary>Where the streams of people, sessions and identifiers live. It is no workspace, and no caller is ever given it.</summary>
public static class PeopleTenant
{
    public static TenantId Id { get; } = new("*PEOPLE*");
}
