using System.Numerics;

namespace Events.Commands.Permissions;

/// <summary>Permissions as bits: a check on the way of every request is one AND.</summary>
public readonly record struct PermissionSet(ulong Bits)
{
    public static PermissionSet None { get; } = new(0);

    public int Count => BitOperations.PopCount(Bits);

    public IEnumerable<string> Names
    {
        get
        {
            for (var bit = 0; bit < Permission.All.Count; bit++)
            {
                if ((Bits & (1UL << bit)) != 0)
                    yield return Permission.All[bit];
            }
        }
    }

    /// <summary>Names that are no permission add nothing.</summary>
    public static PermissionSet Of(params IEnumerable<string> names)
    {
        var bits = 0UL;
        foreach (var name in names)
        {
            if (Permission.BitOf(name) is >= 0 and var bit)
                bits |= 1UL << bit;
        }
        return new(bits);
    }

    public bool Holds(string name) => Permission.BitOf(name) is >= 0 and var bit && (Bits & (1UL << bit)) != 0;

    public bool Covers(PermissionSet other) => (Bits & other.Bits) == other.Bits;

    public PermissionSet And(PermissionSet other) => new(Bits & other.Bits);

    public PermissionSet Or(PermissionSet other) => new(Bits | other.Bits);
}
