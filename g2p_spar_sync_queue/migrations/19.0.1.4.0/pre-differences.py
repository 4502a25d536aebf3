"""One undecided difference per registrant, connection and ID: the others are removed.

Each comparison listed it once more. The one that is being taken over stays, otherwise
the newest. Before the addon is loaded, as an index then allows no more than one.
"""


def migrate(cr, version):
    cr.execute(
        """DELETE FROM g2p_spar_reconciliation_line WHERE id IN (
               SELECT id FROM (
                   SELECT id, row_number() OVER (
                              PARTITION BY mapping_id, spar_id
                              ORDER BY state = 'taking' DESC, id DESC) AS place
                     FROM g2p_spar_reconciliation_line
                    WHERE state IN ('open', 'taking')) AS undecided
                WHERE place > 1)"""
    )
